/*
 * frames: sends a storm of Ethernet frames, or counts those that arrive. It runs inside a test guest (busybox has no raw sender).
 *
 *   frames send  IFNAME kind=KIND [to=MAC] [size=1514] [rate=1000] [seconds=5] [vlan=0]
 *   frames count IFNAME [seconds=10] [interval=1000]
 *
 * KIND      arp            Ethernet broadcast, a gratuitous ARP request
 *           ip-broadcast   Ethernet broadcast, IPv4 UDP to 255.255.255.255
 *           broadcast      Ethernet broadcast of another type (0x88b5, IEEE 802.1 local experimental)
 *           multicast      01:00:5e:00:00:fb, type 0x88b5
 *           unicast        to=MAC, type 0x88b5
 * size      bytes of the frame as the switch sees it, without FCS; an 802.1Q tag (vlan=ID) counts.
 * rate      frames a second; 0: as fast as they go.
 * interval  milliseconds between two lines of the count.
 *
 * Every frame carries a magic number and its sequence number, so that only frames of this program are counted by kind; the rest
 * is "other". Both commands print one JSON object a line: `count` says {"event":"listening"} before anything else and "total" at the
 * end; `send` says "sent" at the end. Both end early, and properly, on SIGINT or SIGTERM.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAGIC "OpenDVS!"
#define MAGIC_BYTES 8
#define MARK_AT 42 /* behind the ARP packet, or the IPv4 and UDP headers, of an untagged frame */
#define FRAME_BYTES_MIN 60
#define FRAME_BYTES_MAX 9800
#define EXPERIMENTAL_TYPE 0x88b5

enum kind { ARP, IP_BROADCAST, BROADCAST, MULTICAST, UNICAST, KINDS };
static const char *const kind_names[KINDS] = {"arp", "ip-broadcast", "broadcast", "multicast", "unicast"};

struct options {
  int kind;
  uint8_t to[ETH_ALEN];
  int has_to;
  long size, rate, seconds, vlan, interval;
};

static volatile sig_atomic_t stopped;

static void on_signal(int number) {
  (void)number;
  stopped = 1;
}

static void fail(const char *what) {
  fprintf(stderr, "frames: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void usage(const char *what) {
  fprintf(stderr, "frames: %s\nusage: frames send|count IFNAME [name=value ...], see frames.c\n", what);
  exit(2);
}

static double seconds_now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void sleep_until(double when) {
  struct timespec t = {.tv_sec = (time_t)when, .tv_nsec = (long)((when - (time_t)when) * 1e9)};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static long number(const char *text, long least, long most, const char *name) {
  char *end;
  long value = strtol(text, &end, 10);
  if (*text == '\0' || *end != '\0' || value < least || value > most) {
    char message[128];
    snprintf(message, sizeof message, "%s=%.40s is not a number from %ld to %ld", name, text, least, most);
    usage(message);
  }
  return value;
}

static int kind_of_name(const char *name) {
  for (int kind = 0; kind < KINDS; kind++)
    if (strcmp(name, kind_names[kind]) == 0) return kind;
  usage("unknown kind");
  return -1;
}

static void parse_option(struct options *o, const char *argument) {
  const char *equals = strchr(argument, '=');
  if (!equals) usage(argument);
  const char *value = equals + 1;
  size_t length = equals - argument;
#define IS(name) (length == strlen(name) && strncmp(argument, name, length) == 0)
  if (IS("kind")) o->kind = kind_of_name(value);
  else if (IS("size")) o->size = number(value, FRAME_BYTES_MIN, FRAME_BYTES_MAX, "size");
  else if (IS("rate")) o->rate = number(value, 0, 100000000, "rate");
  else if (IS("seconds")) o->seconds = number(value, 1, 86400, "seconds");
  else if (IS("interval")) o->interval = number(value, 10, 3600000, "interval");
  else if (IS("vlan")) o->vlan = number(value, 0, 4095, "vlan");
  else if (IS("to")) {
    uint8_t *m = o->to;
    o->has_to = sscanf(value, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", m, m + 1, m + 2, m + 3, m + 4, m + 5) == 6;
    if (!o->has_to) usage("to= is not a MAC address");
  } else usage(argument);
#undef IS
}

/* A packet socket on the interface for frames of `protocol` (0: none, a socket that only sends). */
static int open_socket(const char *ifname, int protocol) {
  int fd = socket(AF_PACKET, SOCK_RAW, 0);
  if (fd < 0) fail("packet socket");
  unsigned index = if_nametoindex(ifname);
  if (index == 0) fail(ifname);
  int buffer = 32 << 20, on = 1;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) < 0) fail("SO_RCVBUFFORCE");
  if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) < 0) fail("SO_TIMESTAMPNS");
  if (setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof on) < 0) fail("PACKET_AUXDATA");
  if (setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on) < 0) fail("PACKET_QDISC_BYPASS");
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(protocol), .sll_ifindex = (int)index};
  if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("bind");
  if (protocol != 0) { /* count: also what is not addressed to us */
    struct packet_mreq all = {.mr_ifindex = (int)index, .mr_type = PACKET_MR_PROMISC};
    if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all) < 0) fail("promiscuous mode");
  }
  return fd;
}

/* ---- send ---- */

static uint16_t ip_checksum(const uint8_t *header) {
  uint32_t sum = 0;
  for (int i = 0; i < 20; i += 2) sum += header[i] << 8 | header[i + 1];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum;
}

static void put16(uint8_t *at, uint16_t value) {
  at[0] = value >> 8;
  at[1] = value & 0xff;
}

/* Packet behind the Ethernet header; `bytes` are those from `at` to the end of the frame. */
static void build_payload(uint8_t *at, int kind, const uint8_t *own_mac, long bytes) {
  if (kind == ARP) {
    static const uint8_t fixed[8] = {0, 1, 8, 0, 6, 4, 0, 1}; /* Ethernet, IPv4, request */
    static const uint8_t address[4] = {169, 254, 9, 9};
    memcpy(at, fixed, 8);
    memcpy(at + 8, own_mac, ETH_ALEN);
    memcpy(at + 14, address, 4);
    memcpy(at + 24, address, 4);
  } else if (kind == IP_BROADCAST) {
    at[0] = 0x45;
    put16(at + 2, bytes);
    at[8] = 64;
    at[9] = 17;
    memcpy(at + 12, "\xa9\xfe\x09\x09\xff\xff\xff\xff", 8);
    put16(at + 10, ip_checksum(at));
    put16(at + 20, 9);
    put16(at + 22, 9); /* discard; UDP checksum 0: none (RFC 768) */
    put16(at + 24, bytes - 20);
  }
}

/* Fills `frame`; returns where its sequence number goes. */
static uint8_t *build_frame(uint8_t *frame, const struct options *o, const uint8_t *own_mac) {
  static const uint8_t multicast[ETH_ALEN] = {0x01, 0x00, 0x5e, 0x00, 0x00, 0xfb};
  memset(frame, 0, o->size);
  if (o->kind == UNICAST) memcpy(frame, o->to, ETH_ALEN);
  else if (o->kind == MULTICAST) memcpy(frame, multicast, ETH_ALEN);
  else memset(frame, 0xff, ETH_ALEN);
  memcpy(frame + ETH_ALEN, own_mac, ETH_ALEN);
  uint8_t *type = frame + 2 * ETH_ALEN;
  if (o->vlan) {
    put16(type, ETH_P_8021Q);
    put16(type + 2, o->vlan);
    type += 4;
  }
  put16(type, o->kind == ARP ? ETH_P_ARP : o->kind == IP_BROADCAST ? ETH_P_IP : EXPERIMENTAL_TYPE);
  build_payload(type + 2, o->kind, own_mac, frame + o->size - (type + 2));
  uint8_t *mark = type + (MARK_AT - 2 * ETH_ALEN);
  memcpy(mark, MAGIC, MAGIC_BYTES);
  return mark + MAGIC_BYTES;
}

static void own_mac_address(int fd, const char *ifname, uint8_t *mac) {
  struct ifreq request = {0};
  strncpy(request.ifr_name, ifname, IFNAMSIZ - 1);
  if (ioctl(fd, SIOCGIFHWADDR, &request) < 0) fail(ifname);
  memcpy(mac, request.ifr_hwaddr.sa_data, ETH_ALEN);
}

static void send_frames(const char *ifname, const struct options *o) {
  if (o->kind < 0) usage("send needs kind=");
  if (o->kind == UNICAST && !o->has_to) usage("kind=unicast needs to=MAC");
  if (o->vlan && o->size < FRAME_BYTES_MIN + 4) usage("a tagged frame has 64 bytes at least");
  static uint8_t frame[FRAME_BYTES_MAX];
  uint8_t own_mac[ETH_ALEN];
  int fd = open_socket(ifname, 0);
  own_mac_address(fd, ifname, own_mac);
  uint8_t *sequence = build_frame(frame, o, own_mac);
  uint64_t sent = 0;
  double start = seconds_now(CLOCK_MONOTONIC), now = start, end = start + o->seconds;
  while (!stopped && now < end) {
    double due = o->rate ? start + (double)sent / o->rate : now;
    if (due >= end) {
      sleep_until(end);
      now = seconds_now(CLOCK_MONOTONIC);
      continue;
    }
    if (due > now) sleep_until(due);
    uint64_t wire = htobe64(sent);
    memcpy(sequence, &wire, sizeof wire);
    if (send(fd, frame, o->size, 0) == o->size) sent++;
    else if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR) fail("send");
    now = seconds_now(CLOCK_MONOTONIC);
  }
  printf("{\"event\":\"sent\",\"kind\":\"%s\",\"packets\":%llu,\"bytes\":%llu,\"seconds\":%.6f}\n", kind_names[o->kind],
         (unsigned long long)sent, (unsigned long long)sent * o->size, now - start);
}

/* ---- count ---- */

struct tally {
  uint64_t packets, bytes, first_sequence, last_sequence;
  double first_at, last_at; /* kernel receive times, seconds since counting began */
};

struct count {
  struct tally kinds[KINDS], other;
  uint8_t vlans[4096]; /* tags seen on frames of ours; 0: untagged */
};

static void add(struct tally *t, long bytes, uint64_t sequence, double at) {
  if (t->packets == 0) {
    t->first_at = at;
    t->first_sequence = sequence;
  }
  t->packets++;
  t->bytes += bytes;
  t->last_at = at;
  t->last_sequence = sequence;
}

static int kind_of_frame(const uint8_t *frame) {
  static const uint8_t broadcast[ETH_ALEN] = {255, 255, 255, 255, 255, 255};
  uint16_t type = frame[12] << 8 | frame[13];
  if (memcmp(frame, broadcast, ETH_ALEN) == 0) return type == ETH_P_ARP ? ARP : type == ETH_P_IP ? IP_BROADCAST : BROADCAST;
  return frame[0] & 1 ? MULTICAST : UNICAST;
}

/* Takes one frame off the socket into the count. The kernel has moved an 802.1Q tag to the auxiliary data. */
static void receive(int fd, struct count *count, double start) {
  static uint8_t frame[FRAME_BYTES_MAX];
  char control[256];
  struct sockaddr_ll from;
  struct iovec iov = {frame, sizeof frame};
  struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  long bytes = recvmsg(fd, &message, MSG_DONTWAIT | MSG_TRUNC);
  if (bytes < 0) {
    if (errno == EAGAIN || errno == EINTR) return;
    fail("receive");
  }
  if (from.sll_pkttype == PACKET_OUTGOING) return;
  int vlan = 0;
  double at = seconds_now(CLOCK_REALTIME);
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA) {
      struct tpacket_auxdata *aux = (struct tpacket_auxdata *)CMSG_DATA(c);
      if (aux->tp_status & TP_STATUS_VLAN_VALID) {
        vlan = aux->tp_vlan_tci & 0xfff;
        bytes += 4;
      }
    } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
      struct timespec *t = (struct timespec *)CMSG_DATA(c);
      at = t->tv_sec + t->tv_nsec / 1e9;
    }
  }
  if (bytes < MARK_AT + MAGIC_BYTES + 8 || memcmp(frame + MARK_AT, MAGIC, MAGIC_BYTES) != 0) {
    add(&count->other, bytes, 0, at - start);
    return;
  }
  uint64_t wire;
  memcpy(&wire, frame + MARK_AT + MAGIC_BYTES, sizeof wire);
  count->vlans[vlan] = 1;
  add(&count->kinds[kind_of_frame(frame)], bytes, be64toh(wire), at - start);
}

static void print_tally(const char *name, const struct tally *t, const char *separator) {
  printf("\"%s\":{\"packets\":%llu,\"bytes\":%llu,\"firstAt\":%.6f,\"lastAt\":%.6f,\"firstSequence\":%llu,\"lastSequence\":%llu}%s", name,
         (unsigned long long)t->packets, (unsigned long long)t->bytes, t->first_at, t->last_at, (unsigned long long)t->first_sequence,
         (unsigned long long)t->last_sequence, separator);
}

static void print_count(const char *event, const struct count *count, double at, unsigned dropped) {
  printf("{\"event\":\"%s\",\"at\":%.6f,\"dropped\":%u,", event, at, dropped);
  for (int kind = 0; kind < KINDS; kind++) print_tally(kind_names[kind], &count->kinds[kind], ",");
  print_tally("other", &count->other, ",\"vlans\":[");
  const char *separator = "";
  for (int vlan = 0; vlan < 4096; vlan++)
    if (count->vlans[vlan]) {
      printf("%s%d", separator, vlan);
      separator = ",";
    }
  printf("]}\n");
  fflush(stdout);
}

/* Frames that the socket's buffer could not take since the last call: a count with any is not to be trusted. */
static unsigned dropped_since(int fd) {
  struct tpacket_stats stats;
  socklen_t length = sizeof stats;
  if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &length) < 0) fail("PACKET_STATISTICS");
  return stats.tp_drops;
}

static void count_frames(const char *ifname, const struct options *o) {
  int fd = open_socket(ifname, ETH_P_ALL);
  static struct count total;
  unsigned dropped = dropped_since(fd);
  double start = seconds_now(CLOCK_REALTIME), end = start + o->seconds, next = start + o->interval / 1e3;
  printf("{\"event\":\"listening\"}\n");
  fflush(stdout);
  for (;;) {
    double now = seconds_now(CLOCK_REALTIME);
    if (stopped || now >= end) break;
    if (now >= next) {
      print_count("interval", &total, now - start, dropped += dropped_since(fd));
      next += o->interval / 1e3;
      continue;
    }
    struct pollfd readable = {fd, POLLIN, 0};
    if (poll(&readable, 1, (int)((next < end ? next : end) * 1e3 - now * 1e3) + 1) > 0) receive(fd, &total, start);
  }
  print_count("total", &total, seconds_now(CLOCK_REALTIME) - start, dropped + dropped_since(fd));
}

int main(int argc, char **argv) {
  if (argc < 3) usage("too few arguments");
  struct options o = {.kind = -1, .size = 1514, .rate = 1000, .seconds = 0, .interval = 1000};
  for (int i = 3; i < argc; i++) parse_option(&o, argv[i]);
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  if (strcmp(argv[1], "send") == 0) {
    if (o.seconds == 0) o.seconds = 5;
    send_frames(argv[2], &o);
  } else if (strcmp(argv[1], "count") == 0) {
    if (o.seconds == 0) o.seconds = 10;
    count_frames(argv[2], &o);
  } else usage("unknown command");
  return 0;
}

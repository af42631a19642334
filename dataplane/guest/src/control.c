/*
 * control: what the test guest listens to after its boot, one request a line on a serial line (its first argument).
 *
 *   host → guest   ID run COMMAND      COMMAND in base64, run by sh in a process group of its own; up to 32 run side by side
 *                  ID signal NUMBER    sends the signal to that group
 *   guest → host   ready               every half second until the first request
 *                  ID|TEXT             a line of the command's output (stdout and stderr); longer lines are cut at 4000 bytes
 *                  ID=CODE             it has ended and closed its output; 128 + N after signal N
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define JOBS_MAX 32
#define LINE_BYTES 4000
#define READY_INTERVAL_MS 500

struct job {
  char id[24];
  pid_t pid; /* 0: slot is free */
  int output;
  size_t length;
  char line[LINE_BYTES];
};

static struct job jobs[JOBS_MAX];
static int serial;

static void say(const char *text, size_t length) {
  while (length > 0) {
    ssize_t written = write(serial, text, length);
    if (written < 0 && errno != EINTR && errno != EAGAIN) exit(1);
    if (written > 0) {
      text += written;
      length -= written;
    }
  }
}

static void say_of_job(const struct job *job, char mark, const char *text, size_t length) {
  char line[LINE_BYTES + 32];
  int head = snprintf(line, sizeof line, "%s%c", job->id, mark);
  memcpy(line + head, text, length);
  line[head + length] = '\n';
  say(line, head + length + 1);
}

static int base64_value(char c) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const char *found = c ? strchr(digits, c) : NULL;
  return found ? (int)(found - digits) : -1;
}

/* Decodes in place; ends at the first character that is not base64. */
static void decode_base64(char *text) {
  char *out = text;
  unsigned bits = 0, count = 0;
  for (const char *in = text; base64_value(*in) >= 0; in++) {
    bits = bits << 6 | base64_value(*in);
    count += 6;
    if (count >= 8) *out++ = bits >> (count -= 8) & 0xff;
  }
  *out = '\0';
}

static void start_job(struct job *job, const char *id, char *command) {
  int ends[2];
  decode_base64(command);
  if (pipe2(ends, O_CLOEXEC) < 0) exit(1);
  snprintf(job->id, sizeof job->id, "%s", id);
  job->length = 0;
  job->output = ends[0];
  job->pid = fork();
  if (job->pid < 0) exit(1);
  if (job->pid == 0) {
    setsid();
    int nothing = open("/dev/null", O_RDONLY);
    dup2(nothing, 0);
    dup2(ends[1], 1);
    dup2(ends[1], 2);
    execl("/bin/sh", "sh", "-c", command, NULL);
    _exit(127);
  }
  close(ends[1]);
}

static void flush_line(struct job *job) {
  say_of_job(job, '|', job->line, job->length);
  job->length = 0;
}

static void end_job(struct job *job) {
  int status;
  char code[16];
  if (job->length > 0) flush_line(job);
  close(job->output);
  waitpid(job->pid, &status, 0);
  snprintf(code, sizeof code, "%d", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  say_of_job(job, '=', code, strlen(code));
  job->pid = 0;
}

static void read_output(struct job *job) {
  char data[4096];
  ssize_t length = read(job->output, data, sizeof data);
  if (length <= 0) {
    end_job(job);
    return;
  }
  for (ssize_t i = 0; i < length; i++) {
    if (data[i] == '\n') flush_line(job);
    else if (job->length < LINE_BYTES) job->line[job->length++] = data[i];
  }
}

static void obey(char *request) {
  char *rest, *id = strtok_r(request, " ", &rest), *verb = strtok_r(NULL, " ", &rest), *argument = strtok_r(NULL, " ", &rest);
  if (!argument) return; /* noise on the line */
  struct job *free_slot = NULL;
  for (struct job *job = jobs; job < jobs + JOBS_MAX; job++) {
    if (job->pid == 0) free_slot = job;
    else if (strcmp(job->id, id) == 0) {
      if (strcmp(verb, "signal") == 0) kill(-job->pid, atoi(argument));
      return;
    }
  }
  if (strcmp(verb, "run") != 0) return; /* a signal for a job that has ended */
  if (free_slot) start_job(free_slot, id, argument);
  else {
    struct job refused = {0};
    snprintf(refused.id, sizeof refused.id, "%s", id);
    static const char reason[] = "control: too many commands at once";
    say_of_job(&refused, '|', reason, sizeof reason - 1);
    say_of_job(&refused, '=', "126", 3);
  }
}

static int read_requests(void) {
  static char line[65536];
  static size_t length;
  char data[256];
  ssize_t got = read(serial, data, sizeof data);
  int requests = 0;
  for (ssize_t i = 0; i < got; i++) {
    if (data[i] == '\n') {
      line[length] = '\0';
      length = 0;
      requests++;
      obey(line);
    } else if (length < sizeof line - 1) line[length++] = data[i];
  }
  return requests;
}

int main(int argc, char **argv) {
  struct termios settings;
  serial = open(argc > 1 ? argv[1] : "/dev/ttyS1", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (serial < 0 || tcgetattr(serial, &settings) < 0) return 1;
  cfmakeraw(&settings);
  tcsetattr(serial, TCSANOW, &settings);
  for (int asked = 0;;) {
    struct pollfd sources[JOBS_MAX + 1] = {{.fd = serial, .events = POLLIN}};
    for (int i = 0; i < JOBS_MAX; i++) sources[i + 1] = (struct pollfd){.fd = jobs[i].pid ? jobs[i].output : -1, .events = POLLIN};
    if (!asked) say("ready\n", 6);
    if (poll(sources, JOBS_MAX + 1, asked ? -1 : READY_INTERVAL_MS) < 0) continue;
    for (int i = 0; i < JOBS_MAX; i++)
      if (sources[i + 1].revents) read_output(&jobs[i]);
    if (sources[0].revents) asked += read_requests();
  }
}

export { GuestCommand, type CommandResult } from './control';
export { GUEST_MEMORY_MIB, type GuestSpec } from './domain-xml';
export { Guest, destroyGuest, guestNames, type StartGuestOptions } from './guest';
export { ensureGuestImage, defaultCacheDir, type GuestImage } from './image';
export { ensureLibvirt, type Libvirt } from './libvirt';

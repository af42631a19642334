export { BROADCAST_MAC, frame, type FrameSpec } from './frames';
export {
  startTestpmdGuest,
  type GuestCounters,
  type TestpmdGuest,
  type TestpmdGuestOptions,
} from './testpmd-guest';

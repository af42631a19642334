export { followGuestFiles, plugSimulatedVm, unplugSimulatedVm } from './guest-files';
export * from './sim-driver';
export * from './sim-objects';
export * from './simulated-engine';
export { FRAME_CLASSES, type FrameClass, type OfferedLoad } from './simulated-traffic';

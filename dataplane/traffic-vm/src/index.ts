export * from './frames';
export * from './ping';

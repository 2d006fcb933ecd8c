export { type BoxedServiceOptions, createBoxedService } from "./boxed-service.ts";
export type { BundleEntry, BundleSource } from "./bundle.ts";
export { type BoxedAddresses, listenBoxedService } from "./loopback.ts";

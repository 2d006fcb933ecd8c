export { createBoxedService } from "./boxed-service.ts";
export type { BundleEntry } from "./bundle.ts";
export { listenBoxedService } from "./loopback.ts";

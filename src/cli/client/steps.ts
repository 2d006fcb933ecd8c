/** The moments at which a test stops the client: around each entry of its journal and each file that it makes. */
export const clientSteps = [
  "planned",
  "sending",
  "sent",
  "answered",
  "submitted",
  "polled",
  "fetching",
  "fetched",
  "kept",
  "drafted",
  "written",
  "reported",
] as const;
export type ClientStep = (typeof clientSteps)[number];

/** For tests that stop the client on purpose. */
export type AfterStep = (step: ClientStep) => void;

import type { Subject, SubjectPlace } from "../subject.ts";
import { backup, restore } from "./backup.ts";
import { batches } from "./batches.ts";
import { ceremony } from "./ceremony.ts";
import { checkpointing } from "./checkpointing.ts";
import { issuing } from "./issuing.ts";
import { lists } from "./lists.ts";

/** Everything that is killed, by its name. */
export const subjects: Readonly<Record<string, (place: SubjectPlace) => Subject>> = {
  issuing,
  checkpointing,
  lists,
  ceremony,
  backup,
  restore,
  batches,
};

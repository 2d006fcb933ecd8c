// Run as a process of its own by the tests: makes one CA's list if it is due, and kills itself in the middle, as a power cut would.
import { connect } from "../../database/connect.ts";
import { openSigner } from "../../keys/open.ts";
import { selectAuthorities } from "../authority-store.ts";
import { hierarchyTerms } from "../ceremony/terms.testkit.ts";
import { publishDueList } from "../revocation/publish-list.ts";
import type { ListTask } from "./list-task.ts";

const task = JSON.parse(process.argv[2] ?? "") as ListTask;
const database = connect(
  { connectionString: task.connectionString },
  { applicationName: "list-process", poolSize: 2 },
);
const signer = await openSigner(task.store);
const authorities = await database.read((tx) => selectAuthorities(tx));
const authority = authorities.find(({ id }) => id === task.authority);
if (authority === undefined) throw new Error(`no ${task.authority}`);
await publishDueList(
  {
    database,
    signer,
    clock: () => new Date(task.now),
    toleranceSeconds: 5,
    afterStep: (step) => {
      if (step === task.killAfter) process.kill(process.pid, "SIGKILL");
    },
  },
  authority,
  hierarchyTerms(1).crlOf("issuing-oca"),
);
await signer.close();
await database.close();

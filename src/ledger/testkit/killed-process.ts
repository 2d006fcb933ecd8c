// Started by killed.system.test.ts: sequences once and kills its own process, without warning, after one step.
import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import { connect } from "../../database/connect.ts";
import { openCheckpointSigner } from "../checkpoint-signer.ts";
import { sequenceOnce } from "../sequencer.ts";
import { testOrigin, testTime } from "../testkit.ts";

const [connectionString = "", storePath = "", key = "", fatal = ""] = process.argv.slice(2);
const privateKey = createPrivateKey({ key: Buffer.from(key, "base64"), format: "der", type: "pkcs8" });
const publicKey = createPublicKey(privateKey).export({ format: "der", type: "spki" });
const signer = await openCheckpointSigner({
  signer: {
    findKey: (label) => Promise.resolve({ label, algorithm: "ed25519", publicKey }),
    sign: (_, message) => Promise.resolve(sign(null, message, privateKey)),
  },
  keyLabel: "ledger",
  origin: testOrigin,
  storePath,
});
const database = connect({ connectionString }, { applicationName: "killed", poolSize: 2 });
await sequenceOnce({
  database,
  signer,
  clock: () => testTime,
  afterStep: (step) => {
    if (step === fatal) process.kill(process.pid, "SIGKILL");
  },
});

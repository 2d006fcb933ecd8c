import { makeFileStore } from "../testkit/file-store.ts";
import { describeSignerContract } from "../testkit/signer-contract.ts";

describeSignerContract("an encrypted file as key store", makeFileStore);

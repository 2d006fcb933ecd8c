import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { intendedAct } from "../authorities/issuing/intent-acts.ts";
import { type Issuer, issuerOf } from "../authorities/issuing/issuer.ts";
import { readIntended } from "../authorities/issuing/read-intended.ts";
import { type RecordedIntent, selectOpenIntents } from "../authorities/stores.testkit.ts";
import { buildTbsCertificate, readFields } from "../certificates/index.ts";
import { frame } from "../database/frames.ts";
import type { Signer } from "../keys/signer.ts";
import { recordActs } from "../ledger/record-acts.ts";
import { type IssuingEstate, issuingEstate, makeDeviceCsrs, nextDevice, words } from "./issuance.testkit.ts";

let estate: IssuingEstate;
beforeAll(async () => {
  estate = await issuingEstate({ stockSize: 1 });
});
afterAll(() => estate.end());

/** Has the octets that stand recorded altered in the database, between record and sign, and tells what came of it. */
async function workWith(alter: (octets: Buffer) => Buffer, isActForged: boolean, authorityId?: string) {
  const batch = await estate.submit(estate.manufacturer, "device", makeDeviceCsrs(1));
  const [chunk = 0] = await estate.chunksOf(batch);
  let signatures = 0;
  const signer = new Proxy<Signer>(estate.operationalSigner, {
    get(real, name) {
      if (name === "signMany" || name === "sign") signatures += 1;
      const value: unknown = Reflect.get(real, name);
      return typeof value === "function" ? (value.bind(real) as unknown) : value;
    },
  });
  const results = await estate.work(batch, {
    signer,
    afterStep: async (step) => {
      if (step !== "record") return;
      await estate.database.transaction(async (tx) => {
        const [intent = expect.fail()] = await selectOpenIntents(tx, [chunk]);
        const toBeSigned = [alter(intent.toBeSigned[0] ?? expect.fail())];
        const forged: RecordedIntent = {
          ...intent,
          toBeSigned,
          authorityId: authorityId ?? intent.authorityId,
        };
        await sql`
          update issuing_intent set to_be_signed = ${frame(toBeSigned)}, authority_id = ${forged.authorityId}
          where id = ${intent.id}`.execute(tx);
        if (isActForged) await recordActs(tx, [intendedAct(forged)]);
      });
    },
  });
  const [held] = (await estate.actsOf("chunk.held")).slice(-1);
  return { results, signatures, code: held?.subject["code"], outcomes: words(await estate.outcomes(batch)) };
}

const issuer = async (id: string): Promise<Issuer> => issuerOf(await estate.authority(id));
const refused = { results: ["held"], signatures: 0, outcomes: ["undecided"] };

describe("octets that were altered in the database after they were recorded", () => {
  test("are not signed: the ledger does not have them", async () => {
    const forAnotherDevice = (octets: Buffer) => {
      const fields = readFields(readIntended(octets));
      if (fields.profile !== "device") return expect.fail();
      return buildTbsCertificate({ ...fields, deviceId: nextDevice() });
    };
    expect(await workWith(forAnotherDevice, false)).toEqual({ ...refused, code: "INTENT_ALTERED" });
  });

  describe("together with a forged act", () => {
    test("are not signed as a CA's certificate, whatever they say of themselves", async () => {
      const dca = await issuer("issuing-dca/0001");
      const asAuthority = (octets: Buffer) => {
        const { serialNumber, policy, publicKey } = readFields(readIntended(octets));
        return buildTbsCertificate({
          profile: "issuing-dca",
          serialNumber,
          policy,
          publicKey,
          subject: { commonName: "EVIL" },
          validity: dca.fields.validity,
          issuer: dca.fields.subject,
          authorityKeyIdentifier: dca.keyIdentifier,
        });
      };
      expect(await workWith(asAuthority, true)).toEqual({ ...refused, code: "CERTIFICATE_LINT_FINDING" });
    });
    test("are not signed under another CA's name", async () => {
      const oca = await issuer("issuing-oca");
      const asForeign = (octets: Buffer) => {
        const fields = readFields(readIntended(octets));
        if (fields.profile !== "device") return expect.fail();
        return buildTbsCertificate({
          ...fields,
          issuer: { commonName: "D099" },
          authorityKeyIdentifier: oca.keyIdentifier,
        });
      };
      expect(await workWith(asForeign, true)).toEqual({ ...refused, code: "CERTIFICATE_LINT_FINDING" });
    });
    test("are not signed by a CA that issues another kind", async () => {
      const unaltered = (octets: Buffer) => octets;
      expect(await workWith(unaltered, true, "issuing-oca")).toEqual({ ...refused, code: "INTENT_ALTERED" });
    });
  });
});

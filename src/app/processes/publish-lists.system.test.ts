import { afterAll, describe, expect, test } from "vitest";
import type { Signer } from "../../keys/signer.ts";
import type { Estate } from "../estate/estate.ts";
import { openOperationalSigner } from "../estate/key-stores.ts";
import { publishLists } from "./publish-lists.ts";
import { copyEstate, foundedEstate, joinEstate } from "./testkit/estates.ts";
import { cleanUp, until } from "./testkit/smki.ts";

afterAll(cleanUp);

describe("A CA whose list takes long", () => {
  test("holds up no other's, and is not asked a second time meanwhile; a worker that stops waits for it", async () => {
    const estate = await joinEstate(copyEstate(await foundedEstate()));
    const signer = await openOperationalSigner(estate);
    try {
      let days = 20;
      const later: Estate = {
        ...estate,
        clock: () => new Date(estate.clock().getTime() + days * 24 * 3_600_000),
      };
      const goOn = Promise.withResolvers<undefined>();
      let asked = 0;
      const slow: Signer = {
        ...signer,
        findKey: (label) => signer.findKey(label),
        sign: async (label, message) => {
          if (label === "issuing-oca") {
            asked += 1;
            await goOn.promise;
          }
          return signer.sign(label, message);
        },
      };
      const made: string[] = [];
      const failed: unknown[] = [];
      const stop = new AbortController();
      const making = publishLists(later, slow, stop.signal, {
        onList: ({ authorityId }) => {
          made.push(authorityId);
          days += 1;
        },
        onFailure: (error) => failed.push(error),
      });
      // The other CA's list falls due again and again.
      await until(() => (made.length >= 3 ? true : undefined));
      expect(new Set(made)).toEqual(new Set(["iki-issuing"]));
      expect(asked).toBe(1);
      stop.abort();
      goOn.resolve(undefined);
      await making;
      expect(made.at(-1)).toBe("issuing-oca");
      expect(failed).toEqual([]);
    } finally {
      await signer.close();
      await estate.close();
    }
  });
});

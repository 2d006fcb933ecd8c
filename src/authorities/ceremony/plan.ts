import { type AuthorityProfile, publishesCrl } from "../authority.ts";
import type { CeremonyOrder } from "./ceremony-order.ts";
import { certifyStep, intendStep, nameInWords } from "./certify.ts";
import {
  contingencyKeyLabel,
  contingencySymmetricKeyLabel,
  type HierarchyTerms,
  hierarchy,
  issuingDcaId,
  issuingDcaNumber,
  keyAlgorithmOf,
  keyStoreOf,
  numberedId,
  profileOfId,
} from "./hierarchy.ts";
import { makeKeyStep } from "./key-steps.ts";
import { publishListStep } from "./list-steps.ts";

/** A step that a ceremony will do, under the name that its journal gives it. */
export interface PlannedStep {
  readonly name: string;
  readonly words: string;
}

/** Steps that belong together. */
export interface PlannedPart {
  readonly title: string;
  readonly steps: readonly PlannedStep[];
}

/** A CA that a ceremony will make. */
export interface PlannedAuthority {
  readonly id: string;
  readonly name: string;
  readonly issuer: string;
  readonly algorithm: string;
  readonly store: "ceremony" | "operational";
  readonly years: number;
  readonly policy: string;
}

/** What a ceremony will do, out of the settings and the rulebook alone. */
export interface CeremonyPlan {
  readonly authorities: readonly PlannedAuthority[];
  readonly parts: readonly PlannedPart[];
}

/** Key algorithms in the words of the field. */
const algorithms = {
  "ecdsa-p256-sha256": "ECDSA P-256 with SHA-256",
  "rsa-2048-sha256": "RSA 2048 with SHA-256",
  ed25519: "Ed25519",
  "ecdh-p256": "ECDH P-256",
} as const;

/**
 * What a ceremony will do, step by step; the same names stand in its journal afterwards. It needs no estate: what the
 * order leaves open is taken as in an empty one.
 */
export function planCeremony(order: CeremonyOrder, terms: HierarchyTerms): CeremonyPlan {
  switch (order.purpose) {
    case "found":
      return planFounding(terms);
    case "stock":
      return planStock(order, terms);
    case "arl":
      return { authorities: [], parts: [listsPart("ARLs", roots())] };
    case "revoke":
      return planRevocation(order.authorityId ?? "the CA that is named");
    case "replace":
      return planReplacement(order, terms);
  }
}

function planFounding(terms: HierarchyTerms): CeremonyPlan {
  const cas = hierarchy.map(({ profile, issuer }) => planAuthority(profile, profile, issuer, terms));
  const stock = stockOf(1, terms.stockSize, terms);
  const lists = hierarchy.map(({ profile }) => profile);
  return {
    authorities: [...cas, ...stock],
    parts: [
      { title: "Key stores", steps: [lookForLeftovers] },
      { title: "Contingency keys", steps: contingencySteps(terms) },
      ...cas.map((ca) => ({ title: ca.id, steps: authoritySteps(ca) })),
      { title: "Stock of Issuing DCAs", steps: stock.flatMap(authoritySteps) },
      listsPart("First CRLs and ARLs", lists),
    ].filter(({ steps }) => steps.length > 0),
  };
}

function planStock({ first = 1, count }: CeremonyOrder, terms: HierarchyTerms): CeremonyPlan {
  const stock = stockOf(first, count ?? terms.stockSize, terms);
  return {
    authorities: stock,
    parts: [
      { title: "Key stores", steps: [lookForLeftovers] },
      { title: "Stock of Issuing DCAs", steps: stock.flatMap(authoritySteps) },
    ].filter(({ steps }) => steps.length > 0),
  };
}

function planRevocation(authorityId: string): CeremonyPlan {
  const root = hierarchy.find((ca) => ca.profile === profileOfId(authorityId))?.issuer ?? "root-dca";
  return {
    authorities: [],
    parts: [
      {
        title: "Revocation",
        steps: [
          {
            name: `announce revocation ${authorityId}`,
            words: `say which CA is to be revoked, its serial number and the ground: ${authorityId}`,
          },
          { name: `revoke ${authorityId}`, words: `revoke ${authorityId}: it signs nothing from then on` },
        ],
      },
      listsPart("ARL", [root]),
    ],
  };
}

function planReplacement(
  { authorityId = "issuing-oca", name = "the new name", replacement }: CeremonyOrder,
  terms: HierarchyTerms,
): CeremonyPlan {
  const place = hierarchy.find((ca) => ca.profile === profileOfId(authorityId)) ?? hierarchy[1];
  const { profile, issuer } = place;
  const id = replacement ?? numberedId(profile, 2);
  const planned = {
    ...planAuthority(id, profile, issuer, terms),
    name: nameInWords({ ...terms.names[profile], commonName: name }),
  };
  return {
    authorities: [planned],
    parts: [
      { title: "Key stores", steps: [lookForLeftovers] },
      { title: id, steps: authoritySteps(planned) },
      { title: "First CRL", steps: [{ name: publishListStep(id), words: `sign the CRL of ${id}` }] },
    ],
  };
}

const lookForLeftovers: PlannedStep = {
  name: "look for keys to clear",
  words:
    "look into both key stores; destroy every key that an abandoned ceremony left, each a step of its own",
};

function contingencySteps({ wrapAlgorithm }: HierarchyTerms): PlannedStep[] {
  return [
    { name: makeKeyStep(contingencyKeyLabel), words: "make the Contingency key pair in the ceremony store" },
    {
      name: `make secret ${contingencySymmetricKeyLabel}`,
      words: "make the Contingency Symmetric Key in the ceremony store",
    },
    {
      name: "wrap contingency public key",
      words: `wrap the contingency public key with ${wrapAlgorithm}, for the Root OCA's certificate`,
    },
  ];
}

function authoritySteps({ id, name, issuer, store, years, algorithm }: PlannedAuthority): PlannedStep[] {
  const under = issuer === id ? "itself" : issuer;
  return [
    { name: makeKeyStep(id), words: `make the key of ${id}, ${algorithm}, in the ${store} store` },
    {
      name: intendStep(id),
      words: `record what is to be signed: ${id} as ${name} under ${under}, ${String(years)} years`,
    },
    { name: certifyStep(id), words: `sign the certificate of ${id}, and compare it with what was recorded` },
  ];
}

function listsPart(title: string, ids: readonly AuthorityProfile[]): PlannedPart {
  const steps = ids.map((id) => ({
    name: publishListStep(id),
    words: `sign the ${publishesCrl(id) ? "CRL" : "ARL"} of ${id}`,
  }));
  return { title, steps };
}

function roots(): AuthorityProfile[] {
  return hierarchy.map(({ profile }) => profile).filter((profile) => keyStoreOf(profile) === "ceremony");
}

function stockOf(first: number, count: number, terms: HierarchyTerms): PlannedAuthority[] {
  return Array.from({ length: count }, (_, index) =>
    planAuthority(issuingDcaId(first + index), "issuing-dca", "root-dca", terms),
  );
}

function planAuthority(
  id: string,
  profile: AuthorityProfile,
  issuer: AuthorityProfile,
  terms: HierarchyTerms,
): PlannedAuthority {
  const name = profile === "issuing-dca" ? terms.issuingDcaName(issuingDcaNumber(id)) : terms.names[profile];
  return {
    id,
    name: nameInWords(name),
    issuer,
    algorithm: algorithms[keyAlgorithmOf(profile)],
    store: keyStoreOf(profile),
    years: terms.years[profile],
    policy: terms.policies[profile],
  };
}

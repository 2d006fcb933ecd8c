/** The families of public vectors. */
export type VectorFamily =
  | "Wycheproof ECDSA P-256 SHA-256, DER"
  | "Wycheproof ECDSA P-256 SHA-256, P1363"
  | "Wycheproof ECDH P-256, public keys"
  | "Wycheproof AES-GCM"
  | "x509-limbo"
  | "BetterTLS path building";

/**
 * What an exclusion may rest on, and nothing else: an algorithm that the project does not use; the names of the web's
 * servers; or a part of RFC 5280 that no certificate of the SMKI has. That we fail is no reason.
 */
export type Cited = "algorithm" | "web names" | "RFC 5280 outside the profile";

/** One case, or every case with these parameters of which we do not give the answer, and how many those are. */
export type Exclusion = {
  readonly family: VectorFamily;
  readonly cites: Cited;
  readonly reason: string;
} & (
  | { readonly case: string }
  | { readonly where: Readonly<Record<string, string | number>>; readonly cases: number }
);

const names = {
  family: "x509-limbo",
  cites: "web names",
} as const;
const nameConstraints = {
  family: "x509-limbo",
  cites: "RFC 5280 outside the profile",
  reason:
    "nameConstraints (RFC 5280 4.2.1.10): no authority of the SMKI has them; critical as they are, they are refused, also where they would permit the name",
} as const;
const dnsNameMatching =
  "the dNSName of a web server is compared with the host that was asked for; the SMKI's certificates have none";
const dnsNameForm = "what a dNSName of a web server may look like; the SMKI's certificates have none";
const commonNameRule =
  "CA/Browser Forum 7.1.4.3: the common name of a web server is one of its dNSNames; the SMKI's certificates have none";
const extendedUsage = {
  family: "x509-limbo",
  cites: "RFC 5280 outside the profile",
  reason:
    "extendedKeyUsage (RFC 5280 4.2.1.12): asked for is serverAuth, of the web's servers; no certificate of the SMKI has the extension",
} as const;
const badUsage = {
  family: "BetterTLS path building",
  cites: "RFC 5280 outside the profile",
  reason:
    "extendedKeyUsage (RFC 5280 4.2.1.12): the only path goes through an authority with extendedKeyUsage emailProtection and not serverAuth; no certificate of the SMKI has the extension",
} as const;
const aesKeyLength =
  "the key store is sealed with AES-256-GCM alone, so that a key of another length is refused";

/** Every case of the public vectors that is not run, or does not count, with its reason. */
export const exclusions: readonly Exclusion[] = [
  { ...extendedUsage, case: "rfc5280::eku::ee-wrong-eku" },
  { ...extendedUsage, case: "webpki::eku::ee-without-eku" },
  { ...names, case: "rfc5280::san::underscore-dns", reason: dnsNameForm },
  { ...names, case: "rfc5280::ca-as-leaf-wrong-san", reason: dnsNameMatching },
  { ...names, case: "webpki::cn::ipv4-hex-mismatch", reason: commonNameRule },
  { ...names, case: "webpki::cn::not-in-san", reason: commonNameRule },
  { ...names, case: "webpki::cn::case-mismatch", reason: commonNameRule },
  { ...names, case: "webpki::san::mismatch-subdomain-apex-san", reason: dnsNameMatching },
  { ...names, case: "webpki::san::mismatch-apex-subdomain-san", reason: dnsNameMatching },
  { ...names, case: "webpki::san::public-suffix-multi-label-wildcard-san", reason: dnsNameForm },
  { ...names, case: "webpki::san::wildcard-embedded-leftmost-san", reason: dnsNameForm },
  { ...names, case: "webpki::san::wildcard-match-across-labels-san", reason: dnsNameMatching },
  { ...names, case: "webpki::san::unicode-emoji-san", reason: dnsNameForm },
  { ...names, case: "webpki::san::no-san", reason: dnsNameMatching },
  { ...names, case: "webpki::san::san-wildcard-only", reason: dnsNameForm },
  {
    family: "x509-limbo",
    case: "webpki::malformed-aia",
    cites: "RFC 5280 outside the profile",
    reason:
      "authorityInfoAccess (RFC 5280 4.2.2.1): no certificate of the SMKI has the extension, which is not critical and so is not looked into",
  },
  {
    family: "x509-limbo",
    case: "webpki::forbidden-rsa-key-not-divisible-by-8-in-leaf",
    cites: "algorithm",
    reason:
      "RSA with a modulus of 2,052 bits: the SMKI's RSA keys have 2,048; that the bits be a multiple of 8 is a rule for the web's CAs (CA/Browser Forum 6.1.5)",
  },
  { ...nameConstraints, case: "rfc5280::nc::permitted-dns-match" },
  { ...nameConstraints, case: "rfc5280::nc::permitted-self-issued" },
  { ...nameConstraints, case: "rfc5280::nc::excluded-different-constraint-type" },
  { ...nameConstraints, case: "rfc5280::nc::nc-permits-email-exact" },
  { ...nameConstraints, case: "rfc5280::nc::nc-permits-email-literal-double-asterisk" },
  { ...nameConstraints, case: "webpki::nc::nc-permits-dns-san-pattern" },
  { ...badUsage, case: "bettertls::pathbuilding::tc12" },
  { ...badUsage, case: "bettertls::pathbuilding::tc44" },
  { ...badUsage, case: "bettertls::pathbuilding::tc77" },
  {
    family: "Wycheproof AES-GCM",
    cites: "algorithm",
    reason: aesKeyLength,
    where: { keySize: 128 },
    cases: 79,
  },
  {
    family: "Wycheproof AES-GCM",
    cites: "algorithm",
    reason: aesKeyLength,
    where: { keySize: 192 },
    cases: 74,
  },
  {
    family: "Wycheproof AES-GCM",
    cites: "algorithm",
    reason: "the key store's algorithm is AES-256-GCM with nonces of 12 octets; this one has 257",
    where: { ivSize: 2056 },
    cases: 1,
  },
];

import Type from "typebox";

/** The form of every refusal. */
export const Problem = Type.Object(
  {
    code: Type.String({ description: "Stable; see docs/errors.md" }),
    message: Type.String(),
    remedy: Type.String({ description: "What to do next" }),
    details: Type.Record(Type.String(), Type.Unknown()),
    request: Type.String({ description: "Number of the request, for the operator's log" }),
  },
  { $id: "Problem" },
);

/** A serial number as clients write it: either case, leading zeros dropped or not. */
export const SerialNumberText = Type.String({ pattern: "^[0-9A-Fa-f:]{1,47}$" });

/** A PKCS#10 as the portal takes it: PEM, or Base64 on one line or many. */
export const CsrText = Type.String({ minLength: 1, maxLength: 8_192 });

/** The status of a certificate in the repository. */
export const Status = Type.Union([
  Type.Literal("P"),
  Type.Literal("I"),
  Type.Literal("N"),
  Type.Literal("E"),
  Type.Literal("R"),
]);

export const CertificateView = Type.Object(
  {
    serialNumber: Type.String(),
    kind: Type.Union([
      Type.Literal("device"),
      Type.Literal("organisation"),
      Type.Literal("iki"),
      Type.Literal("authority"),
    ]),
    authority: Type.String(),
    subjectIdentifier: Type.Optional(Type.String({ description: "EUI-64 of the device or organisation" })),
    role: Type.Optional(Type.Integer({ description: "Remote Party Role code" })),
    usage: Type.Union([Type.Literal("DS"), Type.Literal("KA"), Type.Literal("CA")]),
    status: Status,
    notBefore: Type.String({ format: "date-time" }),
    notAfter: Type.Union([Type.String({ format: "date-time" }), Type.Literal("indefinite")]),
    revokedAt: Type.Optional(Type.String({ format: "date-time" })),
    revocationReason: Type.Optional(Type.String()),
    certificate: Type.String({ description: "DER in Base64; empty while pending" }),
  },
  { $id: "Certificate" },
);

export const OutcomeView = Type.Union([
  Type.Object({ status: Type.Literal("issued"), serialNumber: Type.String() }),
  Type.Object({
    status: Type.Literal("refused"),
    code: Type.String(),
    message: Type.String(),
    remedy: Type.String(),
    details: Type.Record(Type.String(), Type.Unknown()),
  }),
  Type.Object({ status: Type.Literal("processing") }),
]);

export const BatchView = Type.Object(
  {
    batch: Type.Integer(),
    reference: Type.String(),
    status: Type.Union([
      Type.Literal("pending"),
      Type.Literal("rejected"),
      Type.Literal("tampered"),
      Type.Literal("processing"),
      Type.Literal("completed"),
      Type.Literal("held"),
    ]),
    requests: Type.Integer(),
    outcomes: Type.Array(OutcomeView, { description: "In the order of the CSRs" }),
  },
  { $id: "Batch" },
);

export const StatusView = Type.Object(
  {
    environment: Type.Union([Type.Literal("test"), Type.Literal("live")]),
    edition: Type.String({ description: "Edition of the rules in force" }),
    software: Type.String(),
    issuingDca: Type.Object({
      active: Type.Union([Type.String(), Type.Null()]),
      reserved: Type.Integer({ description: "Certificates counted against the active one's cap" }),
      released: Type.Integer(),
      stock: Type.Integer(),
      retired: Type.Integer(),
    }),
    lists: Type.Array(
      Type.Object({
        authority: Type.String(),
        number: Type.Integer(),
        nextUpdate: Type.String({ format: "date-time" }),
      }),
    ),
    warnings: Type.Array(Type.String(), { description: "What a person should see to" }),
    queue: Type.Object({
      open: Type.Integer({ description: "Chunks that wait for a worker" }),
      held: Type.Integer({ description: "Chunks that wait for a person" }),
    }),
    ledgerVerifierKey: Type.String({ description: "C2SP verifier key" }),
  },
  { $id: "Status" },
);

/** The CA that an address asks for. */
export const AuthorityId = Type.Object(
  { authority: Type.String({ minLength: 1, maxLength: 40, description: "The CA's id" }) },
  { additionalProperties: false },
);

import Type, { type Static } from "typebox";
import { defaultEdition, editions, weekdays } from "../rulebook/index.ts";
import { listSettings, oid, oneOf, path, text, texts, wholeNumber, yesOrNo } from "./definition.ts";

/** Policy identifier that every certificate of the real test environment carries. */
export const testPolicy = "1.2.826.0.1.8641679.1.2.1.4";

/** Octets that a certification authority's common name may have (Organisation and Device Certificate Policies). */
const authorityName = { pattern: "^[A-Za-z0-9]{1,4}$", expected: "1 to 4 letters or digits" };
const roleName = { pattern: "^[0-9A-F]{2}$", expected: "a role code of two upper-case hexadecimal digits" };

const keyStore = (purpose: "operational" | "ceremony", holds: string) =>
  Type.Object({
    kind: oneOf(["encrypted-file", "pkcs11"], {
      description: `Where ${holds} live: an encrypted file, for development, or a PKCS#11 module.`,
      inTest: "encrypted-file",
    }),
    file: Type.Optional(
      path({ description: "kind encrypted-file: the file. Default: keys/ in the data folder." }),
    ),
    passphraseFile: Type.Optional(
      path({
        description:
          "kind encrypted-file: the file that holds its passphrase, or credential:NAME for a systemd credential. In live it must be given, and lie outside the data folder. Default in test: secrets/ in the data folder.",
      }),
    ),
    module: Type.Optional(path({ description: "kind pkcs11: the module's shared library." })),
    tokenLabel: Type.Optional(text({ description: "kind pkcs11: the token's label." })),
    tokenSerial: Type.Optional(
      text({ description: "kind pkcs11: the token's serial number, where several tokens have one label." }),
    ),
    pinFile: Type.Optional(
      path({
        description: `kind pkcs11: the file that holds the ${purpose} token's PIN, or credential:NAME. In live it must lie outside the data folder.`,
      }),
    ),
    signing: Type.Optional(
      oneOf(["measured", "blocking", "pooled"], {
        description:
          "kind pkcs11: how a batch is signed; blocking suits a module in this process, pooled one behind a bus or network, measured finds out.",
      }),
    ),
  });

/** Every setting, in the order in which the file shows them. */
export const settingsSchema = Type.Object({
  environment: oneOf(["test", "live"], {
    description: "What this estate is for. A data folder and its database are one or the other for ever.",
  }),
  edition: oneOf(editions, {
    description:
      "The edition of the rules: the consultation response, the consultation draft, or the Code as enacted.",
    value: defaultEdition,
  }),
  dataFolder: path({
    description: "Where everything is kept: the embedded database, and in test the key files.",
    inTest: "smki-data",
    inLive: "/var/lib/opensmki",
  }),
  database: Type.Object({
    url: Type.Optional(
      text({
        description:
          "A PostgreSQL 15 or newer to use in place of the embedded one. DATABASE_URL sets it too.",
        expected: "of the form postgresql://user@host:5432/database",
        pattern: "^postgres(ql)?://",
        secret: true,
        variable: "DATABASE_URL",
      }),
    ),
    poolSize: wholeNumber(
      {
        description: "Transactions that one process may have open at once; as many reads beside them.",
        value: 10,
      },
      1,
      100,
    ),
  }),
  policies: Type.Object({
    device: oid({ description: "Policy of Device Certificates.", inTest: testPolicy }),
    organisation: oid({ description: "Policy of Organisation Certificates.", inTest: testPolicy }),
    iki: oid({ description: "Policy of IKI Certificates and of their authorities.", inTest: testPolicy }),
    oca: oid({ description: "Policy of the Root OCA and the Issuing OCA.", inTest: testPolicy }),
    dca: oid({ description: "Policy of the Root DCA and the Issuing DCAs.", inTest: testPolicy }),
  }),
  names: Type.Object({
    rootOca: Type.Object({
      organisationalUnit: text({
        description: "Role code in the Root OCA's name.",
        inTest: "00",
        ...roleName,
      }),
      commonName: text({ description: "Common name of the Root OCA.", inTest: "ZA", ...authorityName }),
    }),
    issuingOca: Type.Object({
      organisationalUnit: text({
        description: "Role code in the Issuing OCA's name.",
        inTest: "07",
        ...roleName,
      }),
      commonName: text({ description: "Common name of the Issuing OCA.", inTest: "Z1", ...authorityName }),
    }),
    rootDca: Type.Object({
      commonName: text({ description: "Common name of the Root DCA.", inTest: "ZB", ...authorityName }),
    }),
    issuingDca: Type.Object({
      commonNamePrefix: text({
        description:
          "First letters of the Issuing DCAs' common names. A number in base 36 fills up the four octets, so that each is unique.",
        inTest: "D",
        pattern: "^[A-Za-z0-9]{1,2}$",
        expected: "1 or 2 letters or digits",
      }),
    }),
    rootIca: Type.Object({
      commonName: text({
        description: "Common name of the root of the IKI.",
        inTest: "ZC",
        ...authorityName,
      }),
    }),
    issuingIca: Type.Object({
      commonName: text({
        description: "Common name of the issuing authority of the IKI.",
        inTest: "Z2",
        ...authorityName,
      }),
    }),
  }),
  keys: Type.Object({
    operational: keyStore("operational", "the keys of the issuing authorities and of the ledger"),
    ceremony: keyStore("ceremony", "the root and contingency keys"),
  }),
  contingency: Type.Object({
    wrapAlgorithm: oneOf(["aes128-wrap-pad", "aes192-wrap-pad", "aes256-wrap-pad"], {
      description:
        "How the Contingency public key is wrapped in the Root OCA Certificate: AES key wrap with padding (RFC 5649). RFC 5934 leaves the choice open.",
      value: "aes256-wrap-pad",
    }),
  }),
  issuingDca: Type.Object({
    stockSize: Type.Optional(
      wholeNumber(
        {
          description:
            "Issuing DCAs, with key and certificate, that a ceremony prepares in advance. Default: the rulebook's issuingDcaStockSize.",
        },
        1,
        1000,
      ),
    ),
  }),
  smkiServices: Type.Object({
    adHocPath: text({
      description:
        "Address of the Ad Hoc Device CSR Web Service, which SEC Appendix M leaves to the SMKI User Guide.",
      value: "/1.0/DeviceCSR/SubmitCSR",
      pattern: "^(/[A-Za-z0-9._-]+)+$",
      expected: "a path such as /1.0/DeviceCSR/SubmitCSR",
    }),
    adHocEligibility: Type.Optional(
      yesOrNo({
        description:
          "Whether SEC L3.16 is checked on CSRs of the ad hoc service too; a failure then answers ISSUANCE_ANOMALY. Default: the rulebook's adHocEligibilityChecked.",
      }),
    ),
  }),
  est: Type.Object({
    enabled: yesOrNo({
      description:
        "Whether Device Certificates can be asked for over EST (RFC 7030) too: a channel of OpenSMKI's own, which the Code does not know.",
      value: false,
    }),
    allowance: wholeNumber(
      { description: "CSRs in 24 hours that one Party may send over EST.", value: 10_000 },
      1,
      1_000_000,
    ),
  }),
  batches: Type.Object({
    approval: Type.Optional(
      oneOf(["rule", "person"], {
        description:
          "Who approves a Batched CSR before it is worked on: a rule, at once, or a person with `smki queue approve`. Default: the rulebook's batchApproval.",
      }),
    ),
    window: oneOf(["published", "always"], {
      description:
        "When Batched CSRs are worked on: in the published processing window only (the rulebook's processingWindow), or always.",
      inTest: "always",
      inLive: "published",
    }),
    idleUploadMinutes: wholeNumber(
      {
        description: "Minutes without a sign of life after which an upload that is not complete is removed.",
        value: 30,
      },
      1,
      1440,
    ),
  }),
  clock: Type.Object({
    toleranceSeconds: Type.Optional(
      wholeNumber(
        {
          description:
            "How far, in seconds, the clock may go back before signing stops. Default: the rulebook's clockTolerance.",
        },
        0,
        60,
      ),
    ),
  }),
  web: Type.Object({
    host: text({ description: "Address on which the web service listens.", value: "127.0.0.1" }),
    port: wholeNumber({ description: "Its port; 0 takes any that is free.", value: 8443 }, 0, 65_535),
    maximumConnections: wholeNumber(
      {
        description: "Connections that may be open at once; any more are closed as they come.",
        value: 2_000,
      },
      1,
      100_000,
    ),
    maximumUploads: wholeNumber(
      {
        description:
          "Batches and files that a web process takes in at once; one Party has a quarter of it at the most. Above it those of the JSON API are refused, those of the batched web service wait for their turn.",
        value: 16,
      },
      1,
      10_000,
    ),
    tls: Type.Object({
      certificateFile: Type.Optional(
        path({ description: "Its TLS certificate chain, PEM. With keyFile, or neither." }),
      ),
      keyFile: Type.Optional(path({ description: "Its TLS private key, PEM." })),
    }),
  }),
  repositoryService: Type.Object({
    enabled: yesOrNo({
      description:
        "The repository interface that DCC Boxed offers, with test private keys in its bundle: never in live.",
      inTest: true,
      inLive: false,
    }),
    port: wholeNumber(
      { description: "Its port, on loopback; 0 takes any that is free.", value: 8083 },
      0,
      65_535,
    ),
    apiKey: Type.Optional(
      text({ description: "The key its clients must send; none needed if left out.", secret: true }),
    ),
  }),
  extract: Type.Object({
    enabled: yesOrNo({
      description:
        "Whether the bulk files of the SMKI Repository are made by themselves: a delta each day, a full extract each week. `smki extract make` makes them at any time.",
      inTest: false,
      inLive: true,
    }),
    folder: Type.Optional(
      path({
        description:
          "Where they lie; every machine that serves them must see it. Default: extracts/ in the data folder.",
      }),
    ),
    hour: Type.Optional(
      wholeNumber(
        {
          description:
            "The hour at which they are made, by the clocks of Great Britain. Default: the rule repositoryExtractTime.",
        },
        0,
        23,
      ),
    ),
    fullDay: Type.Optional(
      oneOf(weekdays, {
        description: "The day of the full extract. Default: the rule repositoryExtractTime.",
      }),
    ),
    keptFulls: wholeNumber(
      { description: "Full extracts that are kept, with the deltas since the oldest of them.", value: 3 },
      1,
      100,
    ),
    sftp: Type.Object({
      port: Type.Optional(
        wholeNumber(
          {
            description: "Port of the file transfer (SFTP); 0 takes any that is free. None if left out.",
          },
          0,
          65_535,
        ),
      ),
      host: text({ description: "Address on which it listens.", value: "127.0.0.1" }),
      connections: wholeNumber({ description: "Connections that it keeps at once.", value: 64 }, 1, 10_000),
      idleMinutes: wholeNumber(
        { description: "Minutes without a request after which a connection is ended.", value: 10 },
        1,
        1440,
      ),
    }),
  }),
  ledger: Type.Object({
    public: yesOrNo({
      description:
        "Whether the ledger's entries, tiles and proofs are for everyone; otherwise they need a credential. They hold no personal data, but tell how many certificates each Party had issued, and when. The checkpoint is always for everyone.",
      inTest: true,
      inLive: false,
    }),
    witnesses: texts(
      {
        description:
          "Witnesses that cosign the ledger's checkpoints (C2SP tlog-witness): each the verifier key that it publishes, a space, and the address under which it takes checkpoints.",
        expected:
          'a list such as ["witness.example/w1+0a1b2c3d+BASE64 https://witness.example/"], at most 16',
        pattern: String.raw`^\S+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+={0,2} https?://[^\s,]+$`,
        value: [],
      },
      16,
    ),
    quorum: wholeNumber(
      {
        description:
          "Witnesses that must have cosigned a checkpoint before it is shown to others; 0 shows the newest at once.",
        value: 0,
      },
      0,
      16,
    ),
  }),
  workers: Type.Object({
    count: Type.Optional(
      wholeNumber({ description: "Processes that lint and sign. Default: one for each core." }, 1, 256),
    ),
  }),
  simulatedMeters: Type.Object({
    hardwareType: Type.Optional(
      oid({
        description: "Hardware type in the names of simulated meters.",
        inTest: "1.2.826.0.1.8641679.1.2.2.1",
      }),
    ),
  }),
  metrics: Type.Object({
    port: Type.Optional(
      wholeNumber(
        {
          description:
            "Port on 127.0.0.1 where the web process answers /metrics (for Prometheus), /healthz and /readyz over plain HTTP; 0 takes any that is free. None if left out.",
        },
        0,
        65_535,
      ),
    ),
    workerPort: Type.Optional(
      wholeNumber(
        {
          description:
            "The same of the workers: the first of 256 ports, of which each worker of this machine takes the first that is free; 0 takes any. None if left out.",
        },
        0,
        65_535 - 255,
      ),
    ),
  }),
  log: Type.Object({
    level: oneOf(["fatal", "error", "warn", "info", "debug", "trace", "silent"], {
      description: "The least weighty lines that are logged.",
      value: "info",
    }),
    fileMegabytes: wholeNumber(
      {
        description:
          "`smki up`: megabytes above which log/service.log is put aside as service.log.1 and begun anew.",
        value: 64,
      },
      1,
      4096,
    ),
    keptFiles: wholeNumber({ description: "Logs put aside that are kept.", value: 8 }, 1, 999),
  }),
});

/** Settings as the schema types them, before the key stores are told apart. */
export type PlainSettings = Static<typeof settingsSchema>;

/** Every setting as a row. */
export const catalogue = listSettings(settingsSchema);

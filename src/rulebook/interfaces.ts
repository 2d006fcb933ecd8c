import { rule } from "./rule.ts";
import { appendixM } from "./sources.ts";

/** How messages and files of the SMKI interfaces are written, where Appendix M leaves it open. */
export const interfaces = {
  webServiceWhitespace: rule<"refused" | "collapsed">({
    clause: "Appendix M Appendix A and C, element tables",
    meaning: "what is made of white space in the Base64 of a message: refused, or passed over",
    value: "refused",
    binds: "Authorised Subscriber",
    source: `${appendixM}: the tables say "without whitespace"; the type in its schemas permits it`,
    certainty: "read",
  }),
  batchRecordSeparator: rule<"tab" | "comma" | "semicolon">({
    clause: "Appendix M Appendix F, Response File",
    meaning: "what stands between the fields of the text record of a portal batch",
    value: "tab",
    binds: "operator",
    source: "not published; chosen since no file name has one, and every spreadsheet reads it",
    certainty: "chosen",
  }),
  batchRecordHeader: rule<boolean>({
    clause: "Appendix M Appendix F, Response File",
    meaning: "whether the first line of the text record names its fields",
    value: true,
    binds: "operator",
    source: "not published; chosen so that a person need not look the fields up",
    certainty: "chosen",
  }),
  certificateFileForm: rule<"pem" | "base64">({
    clause: "Appendix M Appendix F, Response File",
    meaning: "what a .crt file of a portal batch holds: Base64 with the lines of PEM, or Base64 alone",
    value: "pem",
    binds: "operator",
    source:
      'not published beyond "Base64 encoded X.509"; chosen since it is what tools read and write by this name',
    certainty: "chosen",
  }),
};

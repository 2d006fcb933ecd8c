// The public documents that the rules come from, named once. The Certificate Policies follow the headings of
// RFC 3647, so a clause such as "Appendix B 4.9.7" is that heading in that policy.

export const appendixM = "SEC Appendix M, SMKI Interface Design Specification M8.0";
export const appendixN = "SEC Appendix N, SMKI Code of Connection 4.0";
export const appendixP = "SEC Appendix P, SMKI Repository Code of Connection P3.0";
export const modificationMp147 = "SEC modification MP147, implemented on 24 June 2021";
export const gbcs = "Great Britain Companion Specification (GBCS) section 12";
export const rfc5280 = "RFC 5280";
export const testCertificates = "certificates of the public test environment ZAZ1";
export const response = "a supplier's response to the consultation on Stage 3 of the SEC";
export const sectionL3 = "SEC Section L3.16";
export const sectionL5 = "SEC Section L5";
export const sectionL8 = "SEC Section L8";
export const sectionL2 = "SEC Section L2";
export const sectionG = "SEC Section G";
export const deviceCertificatePolicy = "SEC Appendix A, Device Certificate Policy";
export const organisationCertificatePolicy = "SEC Appendix B, Organisation Certificate Policy";
export const ikiCertificatePolicy = "SEC Appendix Q, IKI Certificate Policy";

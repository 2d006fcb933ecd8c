import { type EligibleDevices, notInInventory, smiStatuses } from "./device-vocabulary.ts";
import { rule } from "./rule.ts";
import { appendixM, gbcs, sectionL3 } from "./sources.ts";

const anyStatus = [...smiStatuses];

/** Who may have which Device Certificates: the table of SEC L3.16, a rule for each of its rows. */
export const deviceEligibility = {
  type2Devices: rule<readonly EligibleDevices["deviceTypes"][number][]>({
    clause: "L3.16",
    meaning: "Type 2 Devices: nobody is an Eligible Subscriber for one",
    value: ["IHD", "CAD", "Type2"],
    binds: "Device CA",
    source: `${gbcs}: a Type 2 Device exchanges messages of the home network only, and holds no certificate`,
    certainty: "recalled-medium",
  }),
  devicesOfTheDcc: rule<EligibleDevices>({
    clause: "L3.16",
    meaning: "Devices for which the DCC itself is an Eligible Subscriber",
    value: { deviceTypes: ["CHF", "GPF"], states: anyStatus },
    binds: "Registration Authority",
    source: `${sectionL3}, table`,
    certainty: "recalled-high",
  }),
  devicesOfTheImportSupplier: rule<EligibleDevices>({
    clause: "L3.16",
    meaning: "Devices for which their Import Supplier of record is an Eligible Subscriber",
    value: { deviceTypes: ["ESME", "HCALCS", "SAPC", "PPMID-electricity"], states: anyStatus },
    binds: "Registration Authority",
    source: `${sectionL3}, table`,
    certainty: "recalled-high",
  }),
  devicesOfTheGasSupplier: rule<EligibleDevices>({
    clause: "L3.16",
    meaning: "Devices for which their Gas Supplier of record is an Eligible Subscriber",
    value: { deviceTypes: ["GSME", "PPMID-gas"], states: anyStatus },
    binds: "Registration Authority",
    source: `${sectionL3}, table`,
    certainty: "recalled-high",
  }),
  devicesOfAnyParty: rule<EligibleDevices>({
    clause: "L3.16",
    meaning: "Devices for which any other Authorised Subscriber, such as a manufacturer, is an Eligible one",
    value: {
      deviceTypes: ["ESME", "GSME", "CHF", "GPF", "HCALCS", "SAPC", "PPMID-electricity", "PPMID-gas"],
      states: [notInInventory, "Pending"],
    },
    binds: "Registration Authority",
    source: `${sectionL3}, table; ${appendixM} Appendix D: certain provisioning states`,
    certainty: "recalled-high",
  }),
};

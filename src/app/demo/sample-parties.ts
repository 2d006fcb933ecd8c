import { eui64 } from "../../certificates/index.ts";
import type { PartyRegistration } from "../../registration/party.ts";

/** The three sample Parties of the demonstration; none of them exists. */
export interface SampleParty extends PartyRegistration {
  /** Which Certificate Policies it is an Authorised Subscriber under, each with an officer's credential. */
  readonly hats: readonly ("device" | "organisation")[];
  readonly officer: string;
  /** Its system that hands in batches at the web service, if it has one. */
  readonly batchSystem?: string;
  /** For the subject of its IKI Certificates: role code. */
  readonly ikiRole: 2 | 3 | 127;
}

export const sampleSupplier: SampleParty = {
  name: "Sample Supply Ltd",
  companyNumber: "00000001",
  signifier: "SMPS",
  categories: ["large-supplier"],
  roles: [2, 135],
  identifiers: [eui64("70-b3-d5-1f-30-01-00-00")],
  ranges: [],
  hats: ["organisation", "device"],
  officer: "Sam Supplier (sample)",
  ikiRole: 2,
};

export const sampleNetworkOperator: SampleParty = {
  name: "Sample Networks plc",
  companyNumber: "00000002",
  signifier: "SMPN",
  categories: ["electricity-network"],
  roles: [3],
  identifiers: [eui64("70-b3-d5-1f-30-02-00-00")],
  ranges: [],
  hats: ["organisation"],
  officer: "Nell Network (sample)",
  ikiRole: 3,
};

export const sampleManufacturer: SampleParty = {
  name: "Sample Meters GmbH",
  signifier: "SMPM",
  categories: ["manufacturer"],
  roles: [],
  identifiers: [],
  ranges: [{ first: eui64("00-db-12-34-60-00-00-00"), last: eui64("00-db-12-34-60-ff-ff-ff") }],
  hats: ["device"],
  officer: "Max Meter (sample)",
  batchSystem: "factory line 1",
  ikiRole: 127,
};

export const sampleParties = [sampleSupplier, sampleNetworkOperator, sampleManufacturer];

/** Made up, and marked as such on the ceremony's record. */
export const sampleWitnesses = ["Wanda Witness", "Walter Witness"];

import { expect, test } from "vitest";
import {
  dhlExpressCheckDigit,
  dpdCheckCharacter,
  fedexExpressCheckDigit,
  fedexSmartPostCheckDigit,
  mod10CheckDigit,
  s10CheckDigit,
  upsCheckDigit,
} from "./check-digits.ts";

test.each([
  ["SSCC", mod10CheckDigit, "10614141234567890", "8"],
  ["SSCC of DHL", mod10CheckDigit, "34043452523065909", "0"],
  ["GTIN-14", mod10CheckDigit, "0952123456789", "9"],
  ["USPS IMpb", mod10CheckDigit, "940011120620640626078", "7"],
  ["FedEx Ground 15", mod10CheckDigit, "04144176022896", "4"],
  ["FedEx Ground 96, last 15", mod10CheckDigit, "98765431234567", "2"],
  ["FedEx SmartPost 20", fedexSmartPostCheckDigit, "6129999882082117181", "1"],
  ["FedEx Express 12", fedexExpressCheckDigit, "98657878885", "5"],
  ["FedEx Express 12, 10 written 0", fedexExpressCheckDigit, "47717908123", "0"],
  ["FedEx Express 34, last 14", fedexExpressCheckDigit, "0077901797269", "7"],
  ["S10", s10CheckDigit, "47312482", "9"],
  ["S10", s10CheckDigit, "12345678", "5"],
  ["S10, 11 written 5", s10CheckDigit, "00000000", "5"],
  ["S10", s10CheckDigit, "33961446", "7"],
  ["UPS 1Z", upsCheckDigit, "5R8939035756712", "7"],
  ["UPS 1Z with letters", upsCheckDigit, "XX3150YW4407002", "3"],
  ["UPS Waybill", upsCheckDigit, "150623562", "0"],
  ["DHL Express", dhlExpressCheckDigit, "331881002", "5"],
  ["DHL Express 11", dhlExpressCheckDigit, "7389105114", "6"],
  ["DPD 28", dpdCheckCharacter, "008182709980000020033350276", "C"],
  ["DPD 14", dpdCheckCharacter, "09980000020033", "F"],
] as const)("%s: published vector", (_name, compute, body, expected) => {
  expect(compute(body)).toBe(expected);
});

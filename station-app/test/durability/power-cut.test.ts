import { expect, test } from "vitest";
import { cutPower, recordParcels } from "./power-cut.ts";

test("no power cut takes an acknowledged fact, whatever the disk did with unsynced writes", () => {
  const survey = cutPower(recordParcels("full", 40), 150, 1);
  expect(survey).toMatchObject({ imagesWithLoss: 0, broken: [] });
  // Some cuts fall into the very first start: the schema, and the switch to WAL.
  expect(survey.cutsBeforeFirstAck).toBeGreaterThan(0);
}, 120_000);

test("the same cuts catch a build that does not sync every commit", () => {
  const survey = cutPower(recordParcels("normal", 40), 60, 2);
  expect(survey.imagesWithLoss).toBeGreaterThan(20);
  expect(survey.broken).toEqual([]);
}, 120_000);

test("the same cuts catch an acknowledgement before the commit", () => {
  expect(cutPower(recordParcels("ack-first", 40), 60, 3).imagesWithLoss).toBeGreaterThan(5);
}, 120_000);

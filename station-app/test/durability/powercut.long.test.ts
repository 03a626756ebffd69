import { expect, test } from "vitest";
import { cutPower, recordParcels } from "./power-cut.ts";

test.each([11, 12, 13])("2,000 power cuts in a recording of its own, seed %i", (seed) => {
  const survey = cutPower(recordParcels("full", 60), 2000, seed);
  console.log(JSON.stringify(survey));
  expect(survey).toMatchObject({ images: 2000, imagesWithLoss: 0, broken: [] });
});

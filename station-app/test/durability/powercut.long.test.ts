import { afterAll, expect, test } from "vitest";
import { cutPower, recordParcels } from "./power-cut.ts";

const imagesEach = 2000;
let images = 0;

test.each([11, 12, 13, 14, 15])("2,000 power cuts in a recording of its own, seed %i", (seed) => {
  const survey = cutPower(recordParcels("full", 60), imagesEach, seed);
  process.stdout.write(`${JSON.stringify(survey)}\n`);
  images += survey.images;
  expect(survey).toMatchObject({ images: imagesEach, imagesWithLoss: 0, broken: [] });
});

afterAll(() => void process.stdout.write(`power cuts: ${images} images\n`));

import { Alert } from "@mantine/core";
import type { Failure } from "@waystation/shared/failures/result";
import { useTexts } from "../text/i18n.ts";
import { describeCode } from "./format.ts";

/** Says in the reader's language what went wrong; `instead` where this page knows it better than the catalogue. */
export function FailureNote({ failure, instead }: { failure: Failure | null; instead?: string | undefined }) {
  const { t, language } = useTexts();
  if (failure === null) return null;
  const sentence =
    failure.code === "cloud.unreachable"
      ? t("cloud-unreachable")
      : failure.code === "request.too-many"
        ? t("too-many", { minutes: Math.ceil(Number(failure.details.seconds ?? 60) / 60) })
        : (instead ?? describeCode(failure.code, failure.details, language));
  return (
    <Alert color="red" role="alert" variant="light">
      {sentence}
    </Alert>
  );
}

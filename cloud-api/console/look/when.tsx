import { Text, Tooltip } from "@mantine/core";
import { useTexts } from "../text/i18n.ts";
import { formatAgo, formatDateTime } from "./format.ts";

/** How long ago; the exact time for whoever points at it or comes by with the keyboard. */
export function When({ at, nowMs }: { at: string; nowMs: number }) {
  const { language } = useTexts();
  const exact = formatDateTime(at, language);
  return (
    <Tooltip label={exact} events={{ hover: true, focus: true, touch: true }}>
      <Text component="time" className="when" dateTime={at} tabIndex={0} inherit>
        {formatAgo(nowMs - Date.parse(at), language)}
      </Text>
    </Tooltip>
  );
}

import type { Page } from "playwright-core";

/** What is wrong with how the page looks now: too small to touch, cut off, or too faint to read. Empty is good. */
export const findVisualFaults = (page: Page): Promise<string[]> => page.evaluate(collectFaults);

/** Runs in the page: everything it needs is inside. */
function collectFaults(): string[] {
  const visible = (element: Element) =>
    element.checkVisibility({ visibilityProperty: true }) && element.getBoundingClientRect().width > 1;
  const all = (selector: string) => [...document.querySelectorAll<HTMLElement>(selector)].filter(visible);
  const name = (element: HTMLElement) =>
    `${element.className || element.tagName} "${element.innerText.slice(0, 30)}"`;
  const faults: string[] = [];

  for (const target of all("button, input")) {
    const { width, height } = target.getBoundingClientRect();
    if (width < 72 || height < 72) faults.push(`small target ${width} x ${height}: ${name(target)}`);
  }
  for (const box of all(
    ".verdict-body, .verdict-signs, .word, .mantine-Button-label, .lane-banner, .top-bar, .lane-grid",
  )) {
    // Large letters may stand out of their own line box; what counts there is the panel around them.
    const tall = !box.matches(".word, .verdict-signs") && box.scrollHeight > box.clientHeight + 1;
    if (tall || box.scrollWidth > box.clientWidth + 1) {
      faults.push(
        `cut off ${box.scrollWidth}x${box.scrollHeight} in ${box.clientWidth}x${box.clientHeight}: ${name(box)}`,
      );
    }
  }
  const channels = (color: string) => (color.match(/[\d.]+/g) ?? []).map(Number);
  const background = (element: Element | null): string => {
    if (element === null) return "rgb(255, 255, 255)";
    const color = getComputedStyle(element).backgroundColor;
    return channels(color)[3] === 0 ? background(element.parentElement) : color;
  };
  const luminance = (color: string) => {
    const [red = 0, green = 0, blue = 0] = channels(color)
      .slice(0, 3)
      .map((value) => value / 255)
      .map((value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const disabled = "[data-disabled], [inert], :disabled";
  for (const text of all("body *").filter((element) =>
    [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim()),
  )) {
    if (text.closest(disabled) !== null) continue;
    const style = getComputedStyle(text);
    const [low = 0, high = 0] = [luminance(style.color), luminance(background(text))].sort((a, b) => a - b);
    const ratio = (high + 0.05) / (low + 0.05);
    // WCAG 2.2, 1.4.3: large text is 24 px, or bold from 18.66 px.
    const size = Number.parseFloat(style.fontSize);
    const needed = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    if (ratio < needed) faults.push(`contrast ${ratio.toFixed(2)}: ${name(text)}`);
  }
  return faults;
}

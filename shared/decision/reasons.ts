import { fillSentence } from "../failures/catalog.ts";
import type { Language } from "../failures/language.ts";
import type { Outcome } from "../facts/catalog.ts";

type ReasonEntry = {
  /** The verdict this reason leads to; the gravest of all reasons wins. */
  readonly verdict: Outcome;
  readonly text: Readonly<Record<Language, string>>;
  /** What the person at the lane does next. */
  readonly next: Readonly<Record<Language, string>>;
};

const reason = (verdict: Outcome, en: string, zh: string, nextEn: string, nextZh: string): ReasonEntry => ({
  verdict,
  text: { en, zh },
  next: { en: nextEn, zh: nextZh },
});

const toSupervisor = ["Put it aside for the supervisor.", "放到一旁，交主管处理。"] as const;
const toReject = ["Put it in the reject lane.", "放入异常口。"] as const;

/** Why a parcel got its verdict: machine-readable code, a sentence, and the next step, in every language. */
export const reasonCatalog = {
  "barcode.no-read": reason(
    "no-read",
    "No barcode could be read.",
    "未读到条码。",
    "Enter the barcode by hand or reject.",
    "请手工录入条码或放入异常口。",
  ),
  "order.unknown": reason(
    "rejected",
    "No order has the barcode {barcode}.",
    "没有订单对应条码 {barcode}。",
    ...toReject,
  ),
  "order.ambiguous": reason(
    "rejected",
    "{count} orders match this parcel.",
    "有 {count} 个订单匹配此包裹。",
    ...toReject,
  ),
  "order.duplicate": reason(
    "rejected",
    "Order {orderId} was already handled here.",
    "订单 {orderId} 已处理过。",
    ...toReject,
  ),
  "order.cancelled": reason(
    "intercepted",
    "Order {orderId} is cancelled.",
    "订单 {orderId} 已取消。",
    ...toSupervisor,
  ),
  "order.held": reason(
    "intercepted",
    "Order {orderId} is on hold.",
    "订单 {orderId} 被冻结。",
    ...toSupervisor,
  ),
  "channel.unknown": reason(
    "rejected",
    "Channel {channelCode} is not configured.",
    "渠道 {channelCode} 未配置。",
    ...toSupervisor,
  ),
  "channel.country": reason(
    "intercepted",
    "Channel {channelCode} does not serve {country}.",
    "渠道 {channelCode} 不支持 {country}。",
    ...toSupervisor,
  ),
  "label.missing": reason(
    "rejected",
    "Order {orderId} has no label yet.",
    "订单 {orderId} 尚无面单。",
    ...toReject,
  ),
  "weight.deviation": reason(
    "intercepted",
    "Declared {declaredGrams} g, weighed {weighedGrams} g: {deviationGrams} g off, allowed {allowedGrams} g.",
    "申报 {declaredGrams} g，实重 {weighedGrams} g：相差 {deviationGrams} g，允许 {allowedGrams} g。",
    ...toSupervisor,
  ),
  "weight.missing": reason("rejected", "No stable weight was received.", "未收到稳定重量。", ...toReject),
  "weight.not-positive": reason(
    "rejected",
    "The scale says {weighedGrams} g.",
    "秤显示 {weighedGrams} g。",
    ...toReject,
  ),
  "weight.over-cap": reason(
    "intercepted",
    "{weighedGrams} g is over the {limitGrams} g of channel {channelCode}.",
    "{weighedGrams} g 超过渠道 {channelCode} 的 {limitGrams} g。",
    ...toSupervisor,
  ),
  "weight.under-minimum": reason(
    "intercepted",
    "{weighedGrams} g is not over the {limitGrams} g minimum of channel {channelCode}.",
    "{weighedGrams} g 未超过渠道 {channelCode} 的下限 {limitGrams} g。",
    ...toSupervisor,
  ),
  "weight.band-changed": reason(
    "intercepted",
    "Declared in band {declaredBand}, weighed in band {weighedBand}.",
    "申报重量段 {declaredBand}，实重属 {weighedBand}。",
    ...toSupervisor,
  ),
  "size.deviation": reason(
    "intercepted",
    "Declared {declared} mm, measured {measured} mm.",
    "申报 {declared} mm，实测 {measured} mm。",
    ...toSupervisor,
  ),
  "size.missing": reason("rejected", "The parcel was not measured.", "包裹未测量尺寸。", ...toReject),
  "size.over-cap": reason(
    "intercepted",
    "{measured} mm is over the {limit} mm of channel {channelCode}.",
    "{measured} mm 超过渠道 {channelCode} 的 {limit} mm。",
    ...toSupervisor,
  ),
  "association.ambiguous": reason(
    "rejected",
    "A {kind} reading could belong to more than one parcel.",
    "一条{kind}读数可能属于多个包裹。",
    ...toReject,
  ),
  "association.conflict": reason(
    "rejected",
    "Two different {kind} readings came for this parcel.",
    "此包裹收到两条不同的{kind}读数。",
    ...toReject,
  ),
  "association.out-of-window": reason(
    "rejected",
    "A {kind} reading came at the wrong time for this parcel.",
    "{kind}读数与此包裹的时间不符。",
    ...toReject,
  ),
  "induction.missing": reason(
    "rejected",
    "The parcel was not seen at the start of the belt.",
    "未检测到包裹上线。",
    ...toReject,
  ),
  "lane.stopped": reason(
    "rejected",
    "The lane was stopped while the parcel was on it.",
    "包裹在线时通道被停止。",
    ...toReject,
  ),
  "chute.none": reason(
    "rejected",
    "The sort plan has no chute for this parcel.",
    "分拣方案中没有对应格口。",
    ...toReject,
  ),
  "chute.full": reason("rejected", "Chute {chute} is full.", "格口 {chute} 已满。", ...toReject),
  "chute.other": reason(
    "rejected",
    "The sorter put it into chute {actualChute} instead of {chute}.",
    "分拣机将其投入格口 {actualChute}，而非 {chute}。",
    "Fetch it from chute {actualChute}.",
    "请从格口 {actualChute} 取回。",
  ),
  "label.failed": reason("rejected", "The label was not printed.", "面单未打印。", ...toReject),
  "label.unknown": reason(
    "rejected",
    "Nobody can tell whether the label came out.",
    "无法确认面单是否打出。",
    "Look whether the label came out, then answer.",
    "请查看面单是否打出并作答。",
  ),
  "divert.failed": reason(
    "rejected",
    "The sorter did not take the order.",
    "分拣机未接受指令。",
    ...toReject,
  ),
  "divert.unknown": reason(
    "rejected",
    "Nobody can tell where the sorter put the parcel.",
    "无法确认包裹的去向。",
    "Look for it in the reject lane.",
    "请在异常口寻找。",
  ),
  "parcel.lost": reason(
    "rejected",
    "The sorter lost track of the parcel.",
    "分拣机丢失了包裹。",
    "Look for it on the belt.",
    "请在输送线上寻找。",
  ),
  "parcel.cleared": reason(
    "rejected",
    "The operator took the parcel away.",
    "操作员移除了包裹。",
    ...toReject,
  ),
  "engine.restarted": reason(
    "rejected",
    "The engine restarted while the parcel was on the lane.",
    "包裹在线时引擎重启。",
    ...toReject,
  ),
} as const satisfies Record<string, ReasonEntry>;

export type ReasonCode = keyof typeof reasonCatalog;

/** A log may bear reasons of a newer version of the station than this one; they are never taken lightly. */
const newerReason = reason(
  "rejected",
  "A newer version stopped this parcel: {code}.",
  "新版本程序拦下了此包裹：{code}。",
  ...toSupervisor,
);

export const findReason = (code: string): ReasonEntry =>
  Object.hasOwn(reasonCatalog, code) ? reasonCatalog[code as ReasonCode] : newerReason;

export type Reason = {
  readonly code: ReasonCode;
  readonly details: Record<string, string | number | boolean | null>;
};

export const makeReason = (code: ReasonCode, details: Reason["details"] = {}): Reason => ({ code, details });

export const describeReason = (item: Reason, language: Language = "en"): string =>
  fillSentence(findReason(item.code).text[language], { ...item.details, code: item.code });

export const describeNextStep = (item: Reason, language: Language = "en"): string =>
  fillSentence(findReason(item.code).next[language], item.details);

/** Languages of every sentence the product shows. */
export type Language = "en" | "zh";
export const languages: readonly Language[] = ["en", "zh"];

type Entry = {
  /** May the same call succeed later without anybody changing anything? */
  readonly retryable: boolean;
  readonly severity: "info" | "warning" | "stop";
  readonly httpStatus: number;
  readonly text: Readonly<Record<Language, string>>;
};

const entry = (
  retryable: boolean,
  severity: Entry["severity"],
  httpStatus: number,
  en: string,
  zh: string,
): Entry => ({
  retryable,
  severity,
  httpStatus,
  text: { en, zh },
});

/** Every expected failure. A code without its sentences does not compile. */
export const failureCatalog = {
  // devices
  "device.disconnected": entry(
    true,
    "stop",
    503,
    "{device} is not connected. Check its cable and power.",
    "{device} 未连接，请检查线缆和电源。",
  ),
  "device.silent": entry(
    true,
    "stop",
    504,
    "{device} does not answer. Check that it is switched on.",
    "{device} 没有响应，请确认已开机。",
  ),
  "device.refused-frame": entry(
    true,
    "warning",
    502,
    "{device} sent something that is not a valid message: {reason}.",
    "{device} 发来无效数据：{reason}。",
  ),
  "device.queue-full": entry(
    true,
    "stop",
    503,
    "{device} has too many jobs waiting ({limit}).",
    "{device} 等待的任务过多（{limit}）。",
  ),
  "device.ambiguous": entry(
    false,
    "stop",
    409,
    "{count} devices {address} are connected. Write the serial number of {device} into the configuration.",
    "接入了 {count} 台 {address} 设备，请在配置中填写 {device} 的序列号。",
  ),
  "device.not-permitted": entry(
    false,
    "stop",
    403,
    "{device} ({address}) may not be opened by this user. Ask an administrator for the right to use it.",
    "当前用户无权打开 {device}（{address}），请联系管理员授权。",
  ),
  "device.driver-missing": entry(
    false,
    "stop",
    500,
    "{device} needs the driver {driver}, which does not run on this machine. Call support.",
    "{device} 所需的驱动 {driver} 无法在本机运行，请联系支持。",
  ),
  "scale.unstable": entry(
    true,
    "warning",
    409,
    "The weight does not settle. Keep hands off the scale.",
    "重量不稳定，请勿触碰秤盘。",
  ),
  "scale.out-of-range": entry(
    false,
    "warning",
    409,
    "The parcel is outside the range of {device}.",
    "包裹超出 {device} 的称重范围。",
  ),
  "scale.calibration-due": entry(
    false,
    "info",
    409,
    "{device} must be calibrated by {dueOn} ({days} days left). Order the calibration service.",
    "{device} 须在 {dueOn} 前校准（还剩 {days} 天），请预约校准服务。",
  ),
  "scale.calibration-overdue": entry(
    false,
    "warning",
    409,
    "The calibration of {device} ended on {dueOn}. Have it calibrated and record the certificate.",
    "{device} 的校准已于 {dueOn} 到期，请重新校准并登记证书。",
  ),
  "scale.calibration-unknown": entry(
    false,
    "info",
    409,
    "No calibration of {device} is recorded. Record its certificate.",
    "{device} 没有校准记录，请登记校准证书。",
  ),
  "scale.zero-check-due": entry(
    false,
    "info",
    409,
    "The zero of {device} is to be checked every {hours} hours. Empty the scale and check it.",
    "{device} 每 {hours} 小时需检查零点，请清空秤盘后检查。",
  ),
  "scale.zero-failed": entry(
    false,
    "warning",
    409,
    "{device} does not show zero when empty. Clean it, set it to zero and check again.",
    "{device} 空载时不归零，请清洁、置零后重新检查。",
  ),
  "printer.paper-out": entry(
    true,
    "stop",
    503,
    "{device} is out of labels. Load a new roll.",
    "{device} 缺纸，请更换标签卷。",
  ),
  "printer.ribbon-out": entry(
    true,
    "stop",
    503,
    "{device} is out of ribbon. Load a new ribbon.",
    "{device} 碳带用尽，请更换。",
  ),
  "printer.head-open": entry(
    true,
    "stop",
    503,
    "The head of {device} is open. Close it.",
    "{device} 打印头已打开，请关闭。",
  ),
  "printer.fault": entry(
    true,
    "stop",
    503,
    "{device} reports a fault: {reason}.",
    "{device} 报告故障：{reason}。",
  ),
  "printer.paused": entry(
    true,
    "stop",
    503,
    "{device} is paused. Press its pause button.",
    "{device} 已暂停，请按暂停键恢复。",
  ),
  "printer.unconfirmed": entry(
    false,
    "stop",
    504,
    "{device} did not confirm the label. Look whether it came out.",
    "{device} 未确认打印，请查看标签是否已打出。",
  ),
  "printer.not-printed": entry(
    true,
    "stop",
    502,
    "{device} took the label but did not print it. Nothing came out.",
    "{device} 已接收面单但未打印，没有标签打出。",
  ),
  "sorter.unconfirmed": entry(
    false,
    "stop",
    504,
    "{device} did not confirm the divert of parcel {parcelIndex}.",
    "{device} 未确认包裹 {parcelIndex} 的分拣。",
  ),
  "sorter.late": entry(
    false,
    "warning",
    409,
    "The divert of parcel {parcelIndex} came after its deadline.",
    "包裹 {parcelIndex} 的分拣指令已超时。",
  ),
  "sorter.chute-unknown": entry(
    false,
    "stop",
    422,
    "{device} has no chute {chute}.",
    "{device} 没有格口 {chute}。",
  ),
  "sorter.write-refused": entry(
    false,
    "stop",
    403,
    "Writing register {address} of {device} is not allowed.",
    "不允许写入 {device} 的寄存器 {address}。",
  ),
  // screen and engine
  "engine.unreachable": entry(
    true,
    "stop",
    503,
    "The engine cannot be reached. Nothing was done.",
    "无法连接引擎，操作未执行。",
  ),
  "engine.unanswered": entry(
    false,
    "stop",
    504,
    "The engine did not answer in time. Look at the lane before trying again.",
    "引擎未及时响应，请先查看通道状态再重试。",
  ),
  "engine.crashing": entry(
    false,
    "stop",
    500,
    "The engine stopped {count} times in a short time. Call support.",
    "引擎短时间内停止了 {count} 次，请联系支持。",
  ),
  // labels
  "label.missing": entry(
    true,
    "stop",
    404,
    "There is no label for order {orderId} yet.",
    "订单 {orderId} 尚无面单。",
  ),
  "label.invalid": entry(
    false,
    "stop",
    422,
    "The label of order {orderId} cannot be printed: {reason}.",
    "订单 {orderId} 的面单无法打印：{reason}。",
  ),
  // lane and session
  "lane.unknown": entry(false, "warning", 404, "There is no lane {laneId}.", "没有通道 {laneId}。"),
  "lane.stopped": entry(false, "warning", 409, "Lane {laneId} is stopped.", "通道 {laneId} 已停止。"),
  "lane.full": entry(
    true,
    "stop",
    503,
    "Lane {laneId} already has {limit} parcels in flight.",
    "通道 {laneId} 在途包裹已达 {limit} 件。",
  ),
  "parcel.unknown": entry(
    false,
    "warning",
    404,
    "Parcel {parcelId} is not on this lane.",
    "该通道上没有包裹 {parcelId}。",
  ),
  "command.not-possible": entry(
    false,
    "warning",
    409,
    "That is not possible now: {reason}.",
    "当前无法执行：{reason}。",
  ),
  // storage
  "store.full": entry(
    true,
    "stop",
    507,
    "The disk is full. Nothing was recorded; free some space.",
    "磁盘已满，未作记录，请清理空间。",
  ),
  "store.damaged": entry(
    false,
    "stop",
    500,
    "The fact log is damaged: {reason}. Call support; do not delete anything.",
    "事实日志损坏：{reason}。请联系支持，勿删除任何文件。",
  ),
  "store.busy": entry(
    true,
    "stop",
    503,
    "Another engine already uses {path}.",
    "另一个引擎正在使用 {path}。",
  ),
  // cloud and wire
  "request.invalid": entry(
    false,
    "warning",
    400,
    "The request is not valid: {reason}.",
    "请求无效：{reason}。",
  ),
  "request.too-large": entry(
    false,
    "warning",
    413,
    "The request is larger than {limit} bytes.",
    "请求超过 {limit} 字节。",
  ),
  "request.wire-version": entry(
    false,
    "stop",
    400,
    "This cloud speaks wire versions {supported}, not {version}.",
    "云端支持的协议版本为 {supported}，不支持 {version}。",
  ),
  "access.unauthenticated": entry(false, "stop", 401, "The token is missing or unknown.", "令牌缺失或无效。"),
  "access.forbidden": entry(false, "stop", 403, "This token may not do that.", "该令牌无权执行此操作。"),
  "resource.unknown": entry(false, "warning", 404, "There is nothing at {path}.", "{path} 不存在。"),
  "facts.gap": entry(
    true,
    "warning",
    409,
    "The cloud expects fact {expectedSequence} of log {logId}.",
    "云端期待日志 {logId} 的第 {expectedSequence} 条。",
  ),
  "facts.forked": entry(
    false,
    "stop",
    409,
    "Fact {sequence} of log {logId} differs from the one the cloud already has.",
    "日志 {logId} 的第 {sequence} 条与云端已有记录不同。",
  ),
  "facts.corrupt": entry(
    false,
    "stop",
    422,
    "Fact {sequence} of log {logId} does not match its own hash.",
    "日志 {logId} 的第 {sequence} 条与其哈希不符。",
  ),
  "shape.unsupported": entry(
    false,
    "warning",
    400,
    "This shape server does not know {feature}.",
    "本服务不支持 {feature}。",
  ),
  "orders.row-invalid": entry(false, "warning", 422, "Line {line}: {reason}.", "第 {line} 行：{reason}。"),
  "orders.file-invalid": entry(
    false,
    "warning",
    422,
    "The order file cannot be read: {reason}.",
    "订单文件无法读取：{reason}。",
  ),
  "cloud.unreachable": entry(
    true,
    "info",
    503,
    "The cloud cannot be reached. Work goes on; facts are kept.",
    "无法连接云端，作业继续，事实已保存。",
  ),
  "cloud.refused": entry(false, "stop", 502, "The cloud refused: {reason}.", "云端拒绝：{reason}。"),
  "cloud.busy": entry(
    true,
    "warning",
    503,
    "The cloud has too much to do at the moment ({limit} requests wait).",
    "云端繁忙（{limit} 个请求等待中）。",
  ),
  "cloud.faulted": entry(
    true,
    "stop",
    500,
    "Something went wrong inside the cloud; it was logged.",
    "云端内部出错，已记录。",
  ),
  "database.unreachable": entry(
    true,
    "stop",
    503,
    "The cloud's database cannot be reached.",
    "无法连接云端数据库。",
  ),
  "port.in-use": entry(
    false,
    "stop",
    500,
    "Port {port} is already in use. Stop the other program or choose another with {option}.",
    "端口 {port} 已被占用，请停止其他程序或用 {option} 指定端口。",
  ),
  "data.in-use": entry(
    false,
    "stop",
    500,
    "The data folder {path} is already used by process {pid}.",
    "数据目录 {path} 正被进程 {pid} 使用。",
  ),
  "data.not-ours": entry(
    false,
    "stop",
    500,
    "{path} is not a Waystation data folder and is not empty. Nothing was touched; choose another with --data.",
    "{path} 不是 Waystation 数据目录且非空，未作任何改动，请用 --data 指定其他目录。",
  ),
  "process.not-started": entry(
    false,
    "stop",
    500,
    "{name} did not start: {reason}. Its log is {log}.",
    "{name} 未能启动：{reason}。日志见 {log}。",
  ),
  "process.gave-up": entry(
    false,
    "stop",
    500,
    "{name} ended {count} times in a short while ({reason}) and is not started again. Its log is {log}.",
    "{name} 短时间内退出 {count} 次（{reason}），不再重启。日志见 {log}。",
  ),
  "station.not-running": entry(
    true,
    "warning",
    503,
    "No station is running on {path}. Start one with `npm start`.",
    "{path} 上没有运行中的工作站，请用 `npm start` 启动。",
  ),
  "run.incomplete": entry(
    false,
    "stop",
    500,
    "The run did not come to its end: {reason}.",
    "运行未完成：{reason}。",
  ),
  "config.invalid": entry(
    false,
    "stop",
    500,
    "The configuration is not valid: {reason}.",
    "配置无效：{reason}。",
  ),
} as const satisfies Record<string, Entry>;

export type FailureCode = keyof typeof failureCatalog;

/** The sentence shown to people. An unknown placeholder stays visible rather than vanishing. */
export function describeFailure(
  failure: { readonly code: FailureCode; readonly details: Readonly<Record<string, unknown>> },
  language: Language = "en",
): string {
  return fillSentence(failureCatalog[failure.code].text[language], failure.details);
}

export function fillSentence(template: string, details: Readonly<Record<string, unknown>>): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = details[name];
    return value === undefined ? whole : String(value);
  });
}

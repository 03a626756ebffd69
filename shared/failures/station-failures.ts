import { type Entry, entry } from "./entry.ts";

/** Of the station: its screen and engine, labels, lanes, storage. */
export const stationFailures = {
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
  "store.low": entry(
    true,
    "warning",
    507,
    "The disk has {freeMegabytes} MB left. Below {refuseBelowMegabytes} MB no new parcels are taken: free some space.",
    "磁盘剩余 {freeMegabytes} MB。低于 {refuseBelowMegabytes} MB 时将停止接收新包裹，请清理空间。",
  ),
  "store.nearly-full": entry(
    true,
    "stop",
    507,
    "The disk is nearly full: no new parcels are taken. Free some space; work then goes on by itself.",
    "磁盘即将写满，暂停接收新包裹。清理空间后会自动恢复。",
  ),
  "store.salvaged": entry(
    false,
    "warning",
    500,
    "The station's records were damaged: {readable} were saved, {lost} are known to be lost. The damaged file is kept as {file}. Tell the supervisor.",
    "本站记录曾损坏：已救回 {readable} 条，确认丢失 {lost} 条。损坏文件保留为 {file}，请告知主管。",
  ),
  "store.busy": entry(
    true,
    "stop",
    503,
    "Another engine already uses {path}.",
    "另一个引擎正在使用 {path}。",
  ),
} as const satisfies Record<string, Entry>;

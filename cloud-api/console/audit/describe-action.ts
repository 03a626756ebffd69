import type { Language } from "@waystation/shared/failures/language";
import type { AuditAction } from "../../modules/overview/console-contract.ts";

type Sentence = Readonly<Record<Language, string>>;
const say = (en: string, zh: string): Sentence => ({ en, zh });

/** A new action does not compile without its words. */
const actions: Readonly<Record<AuditAction, Sentence>> = {
  "station.prepared": say("gave an enrolment code", "发放注册码"),
  "station.enrolled": say("enrolled", "完成注册"),
  "station.revoked": say("revoked the station", "吊销工作站"),
  "station.restored": say("let the station in again", "恢复工作站"),
  "person.invited": say("invited", "邀请人员"),
  "person.invited-again": say("invited again", "再次邀请人员"),
  "person.joined": say("accepted the invitation", "接受邀请"),
  "person.disabled": say("disabled the account", "停用账号"),
  "person.enabled": say("enabled the account", "启用账号"),
  "person.granted": say("set the roles", "设置角色"),
  "person.signed-in": say("signed in", "登录"),
  "person.second-factor-set-up": say("set up the second factor", "设置第二重验证"),
  "person.password-changed": say("changed the password", "修改密码"),
  "customer.created": say("created the customer", "新建客户"),
  "key.created": say("created an API key", "新建 API 密钥"),
  "key.revoked": say("revoked the API key", "吊销 API 密钥"),
  "hub.created": say("created the hub", "新建枢纽"),
  "tenant.created": say("created the tenant", "新建租户"),
  "consignee.erased": say("erased consignee data", "删除收件人数据"),
  "orders.imported": say("imported orders", "导入订单"),
  "channels.imported": say("imported channels", "导入渠道"),
  "order.cancelled": say("cancelled the order", "取消订单"),
};

/** What a newer cloud calls by a name of its own is shown by it. */
export const describeAction = (action: string, language: Language): string =>
  Object.hasOwn(actions, action) ? actions[action as AuditAction][language] : action;

import { formatOrdersCsv, generateOrders } from "./modules/orders/generate-orders.ts";
import { makeFacts } from "./test-support/make-facts.ts";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
const [url, pid] = [process.argv[2]!, process.argv[3]!];
const cpu=()=>{const f=readFileSync(`/proc/${pid}/stat`,"utf8").split(") ")[1]!.split(" ");return "cpu "+(Number(f[11])+Number(f[12]))/100};
const mem=()=>cpu()+" "+readFileSync(`/proc/${pid}/status`,"utf8").match(/VmHWM.*|VmRSS.*/g)!.map(x=>x.replace(/\s+/g," ")).join(" ");
const admin={authorization:"Bearer 0123456789abcdef0123"};
console.log("start",mem());
const csv=[...formatOrdersCsv(generateOrders({seed:5,count:Number(process.argv[4]??40000)}))].join("");
let t=performance.now();
console.log(await (await fetch(url+"/v1/orders/import?format=csv",{method:"POST",headers:admin,body:csv})).text(), performance.now()-t, mem());
const {token}=await (await fetch(url+"/v1/stations",{method:"POST",headers:admin,body:'{"stationId":"st"}'})).json() as any;
t=performance.now(); let after: any; 
for(let i=0;i<40;i++){ const f=makeFacts({stationId:"st",count:500,...(after?{after}:{})}); after=f.at(-1); const r=await fetch(url+"/v1/stations/st/facts",{method:"POST",headers:{authorization:"Bearer "+token,"content-encoding":"gzip"},body:gzipSync(JSON.stringify({wireVersion:1,stationId:"st",logId:"log-1",facts:f}))}); const b=await r.text(); if(r.status!==200||i%20==19) console.log(r.status,b);}
console.log("20k facts",performance.now()-t,mem());
t=performance.now();
for(const table of ["orders","shipments"]){let offset="-1",handle="",n=0;for(;;){const r=await fetch(`${url}/v1/shape?table=${table}&offset=${offset}${handle?`&handle=${handle}`:""}`,{headers:{authorization:"Bearer "+token}});const b=await r.json() as any[];n+=b.length;offset=r.headers.get("electric-offset")!;handle=r.headers.get("electric-handle")!;if(r.headers.has("electric-up-to-date"))break;}
console.log(table,n);}
console.log("shapes",performance.now()-t,mem());

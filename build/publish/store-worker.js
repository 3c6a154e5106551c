/**
 * Runs in workerd between publishing and the bindings of R2 and KV: bodies are streamed both ways, so that neither side
 * ever holds an artifact. Answers only the process that started it: every other program of the machine, and every page
 * in a browser of it, reaches the same port but does not have the run's secret.
 */
export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    if (!isFromOwner(request, url, env.SECRET)) return new Response(null, { status: 403 });
    const [, store, rest] = /^\/(objects|object|upload|pages)(?:\/(.*))?$/.exec(url.pathname) ?? [];
    if (store === "object") return object(request, env.INDEXES, decodeURIComponent(rest));
    if (store === "upload") return upload(request, env.INDEXES, decodeURIComponent(rest), url.searchParams);
    if (store === "objects") return objects(request, env.INDEXES, url.searchParams);
    if (store === "pages") return pages(request, env.DOCUMENTS, url.searchParams);
    return new Response(null, { status: 404 });
  },
};

function isFromOwner(request, url, secret) {
  const isLocal = ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  // Browsers send Origin with every request that could write; the owner never does.
  return (
    isLocal && !request.headers.has("origin") && request.headers.get("authorization") === `Bearer ${secret}`
  );
}

async function object(request, bucket, key) {
  if (request.method === "PUT") {
    const onlyIf = {};
    if (request.headers.has("if-match")) onlyIf.etagMatches = request.headers.get("if-match");
    if (request.headers.get("if-none-match") === "*") onlyIf.etagDoesNotMatch = "*";
    const contentType = request.headers.get("content-type") ?? "application/octet-stream";
    // A body of no bytes is no body at all, which R2 does not take.
    const body = request.headers.get("content-length") === "0" ? "" : request.body;
    const written = await bucket.put(key, body, { onlyIf, httpMetadata: { contentType } });
    return written ? Response.json(info(written)) : new Response(null, { status: 412 });
  }
  if (request.method === "HEAD") {
    const found = await bucket.head(key);
    return found ? new Response(null, { headers: headers(found) }) : new Response(null, { status: 404 });
  }
  const offset = request.headers.get("x-offset");
  const length = request.headers.get("x-length");
  const range = offset === null ? undefined : { offset: Number(offset), length: Number(length) };
  const found = await bucket.get(key, range ? { range } : {});
  return found ? new Response(found.body, { headers: headers(found) }) : new Response(null, { status: 404 });
}

async function upload(request, bucket, key, query) {
  const uploadId = query.get("id");
  if (uploadId === null) {
    const { contentType } = await request.json();
    const created = await bucket.createMultipartUpload(key, { httpMetadata: { contentType } });
    return Response.json({ uploadId: created.uploadId });
  }
  const resumed = bucket.resumeMultipartUpload(key, uploadId);
  if (request.method === "PUT") {
    return Response.json(await resumed.uploadPart(Number(query.get("part")), request.body));
  }
  return Response.json(info(await resumed.complete(await request.json())));
}

async function objects(request, bucket, query) {
  if (request.method === "POST") {
    await bucket.delete(await request.json());
    return new Response(null, { status: 204 });
  }
  const listed = await bucket.list({
    prefix: query.get("prefix") ?? "",
    cursor: query.get("cursor") ?? undefined,
    limit: Number(query.get("limit")),
  });
  return Response.json({
    objects: listed.objects.map(info),
    cursor: listed.truncated ? listed.cursor : null,
  });
}

async function pages(request, namespace, query) {
  if (request.method === "PUT") {
    const writes = await request.json();
    await Promise.all(writes.map(({ key, value, metadata }) => namespace.put(key, value, { metadata })));
    return new Response(null, { status: 204 });
  }
  if (request.method === "POST") {
    const keys = await request.json();
    return Response.json([...(await namespace.get(keys, "text"))]);
  }
  if (request.method === "DELETE") {
    await Promise.all((await request.json()).map((key) => namespace.delete(key)));
    return new Response(null, { status: 204 });
  }
  const listed = await namespace.list({
    prefix: query.get("prefix") ?? "",
    cursor: query.get("cursor") ?? undefined,
    limit: Number(query.get("limit")),
  });
  return Response.json({ keys: listed.keys, cursor: listed.list_complete ? null : listed.cursor });
}

function info(object) {
  return { key: object.key, etag: object.etag, bytes: object.size, uploaded: object.uploaded.getTime() };
}

function headers(object) {
  return {
    "x-etag": object.etag,
    "x-bytes": String(object.size),
    "x-uploaded": String(object.uploaded.getTime()),
  };
}

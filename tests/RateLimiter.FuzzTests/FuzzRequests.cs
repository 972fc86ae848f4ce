using System.Text;
using static RateLimiter.FuzzTests.FuzzRequest;

namespace RateLimiter.FuzzTests;

/// <summary>
/// Makes requests that start as valid ones for an operation and are then corrupted in one to three places: in the body, in
/// its encoding or framing, in the method, the path, the query or the headers, or in the bytes as a whole.
/// </summary>
/// <param name="random">Determines everything, so that a seed reproduces the sequence.</param>
/// <param name="operations">The operations of the service.</param>
public sealed class FuzzRequests(Random random, IReadOnlyList<FuzzOperation> operations)
{
    private const int MaxBodySize = 64 * 1024;
    private const int MaxBatchSize = 1024 * 1024;

    private static readonly string[] Methods =
    [
        "GET",
        "HEAD",
        "POST",
        "PUT",
        "PATCH",
        "DELETE",
        "OPTIONS",
        "TRACE",
        "CONNECT",
        "QUERY",
        "PROPFIND",
        "PRI",
        "get",
        "post",
        "Post",
        "DELETE\t",
        "GE\0T",
        "P@ST",
        "!#$%&'*+-.^_`|~",
        "",
        "PÖST",
    ];

    private static readonly string[] ContentTypes =
    [
        "application/json; charset=utf-8",
        "application/json; charset=utf-16",
        "application/json; charset=iso-8859-1",
        "application/json; charset=nonsense",
        "application/json; charset=\"",
        "application/json;;;",
        "application/json, application/json",
        "application/*+json",
        "application/problem+json",
        "APPLICATION/JSON",
        "application/jsonx",
        "application/yaml",
        "application/yaml",
        "text/yaml; charset=utf-16",
        "text/json",
        "text/plain",
        "text/html",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "application/octet-stream",
        "application/grpc",
        "*/*",
        "/",
        "json",
        "",
        "\u0001",
        "application/json; charset=utf-7",
        "application/json; charset=utf-32",
    ];

    private static readonly string[] Forms =
    [
        "a=1&a=2",
        "a[b",
        "a[b=1",
        "a]b[=1",
        "[0]=1&[1]=2",
        "%zz=%00",
        "&&=&=",
        "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x--\r\n",
        "--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"../a\"\r\n\r\n1",
        "--x",
        "policies:\n- &a {route_key: search, limit: 1, window_seconds: 60}\n- *a\n",
        "policies:\n- {route_key: search, limit: 1e400, window_seconds: .nan}\n",
        "policies: [{route_key: \"\\uD800\", limit: 0x7fffffffffffffff, window_seconds: 1}]",
        "%YAML 1.1\n---\n? [a]\n: !!binary x\n...\n--- |9\n",
        "- ".Times(20_000),
        "{a: ".Times(10_000),
    ];

    private static readonly string[] PathParts =
    [
        "/",
        "//",
        "/.",
        "/..",
        "/../",
        "/./",
        "%00",
        "%2e%2e",
        "/%2e%2e/",
        "%2f",
        "%5c",
        "\\",
        "%20",
        "%0a",
        "%0d%0afail:%20RateLimiter%5B4%5D%20forged",
        "%1b[31m",
        "%7f",
        "%80",
        "%C0%AF",
        "%ff%fe",
        "%ED%A0%80",
        "%u0041",
        "%",
        "%zz",
        "%E2%80%AE",
        ";a=b",
        "#fragment",
        "<script>",
        "\"",
        "{id}",
        "*",
        "~",
        "\u0001",
        "\t",
        " ",
        "é",
        Utf8("é😀"),
    ];

    private static readonly string[] Targets =
    [
        "*",
        "",
        "/",
        "//",
        "///",
        "check",
        "?",
        "/?",
        "localhost:80",
        "http://localhost/check",
        "http://elsewhere.example/policy?x=1",
        "https://localhost/check",
        "http://",
        "http:///check",
        "ftp://localhost/check",
        "http://user:pass@localhost/check",
        "/../../../../secret",
        "/docs/..%2f..%2fappsettings.json",
        "/docs/../appsettings.json",
        "/docs/%2e%2e/appsettings.json",
        "/docs/..%5cappsettings.json",
        "/docs/index.html%00.js",
        "/docs/swagger-ui.css/",
        "/health/live/",
        "/HEALTH/READY",
        "/health",
    ];

    private static readonly string[] QueryParts =
    [
        "a=1",
        "a",
        "=",
        "==",
        "&&",
        "&=&",
        "?",
        "a[]=1",
        "a[b]=1",
        "%",
        "%zz=%zz",
        "%00=%00",
        "limit=%00",
        "limit=1e9",
        "limit=0x10",
        "limit=99999999999999999999",
        "limit=-1",
        "limit=+5",
        "limit=",
        "limit=5&limit=6",
        "allowed=maybe",
        "allowed=TRUE",
        "route_key=",
        "route_key=%ff",
        "route_key=%ED%A0%80",
        "route_key=%0d%0afail:%20forged",
        "route_key=%1b%5b31m",
        "role=a&role=b",
        "role=%00",
        "user_id=%C3%28",
        "user_id=%E2%80%AE",
        "USER_ID=alice",
        "x=<script>alert(1)</script>",
        "api_key=rl_0000000000000000_x",
        ";",
        "+",
        "é=é",
        "a=\u0001",
        Utf8("é=😀"),
    ];

    private static readonly (string Name, string Value)[] OddHeaders =
    [
        ("X-API-Key", ""),
        ("X-API-Key", " "),
        ("X-API-Key", "rl_"),
        ("X-API-Key", "rl_0000000000000000_0000000000000000000000000000000000000000000000000"),
        ("X-API-Key", "é"),
        ("X-API-Key", "\u0001"),
        ("X-API-Key", "a\u001b[31mb"),
        ("X-API-Key", "a\r\n fail: RateLimiter[4] forged"),
        ("x-api-key", "rl_x, rl_y"),
        ("Accept", "text/html"),
        ("Accept", "nonsense"),
        ("Accept", ";;;,,,"),
        ("Accept", "application/json;q=9999999999999999999999"),
        ("Accept-Encoding", "gzip, br, nonsense;q=nan"),
        ("Accept-Charset", "utf-16"),
        ("Accept-Language", "xx-\u0001"),
        ("Content-Encoding", "gzip"),
        ("Content-Encoding", "nonsense"),
        ("Content-Type", "text/plain"),
        ("Content-Language", "x"),
        ("Expect", "100-continue"),
        ("Expect", "nonsense"),
        ("Connection", "keep-alive, Upgrade, HTTP2-Settings"),
        ("Connection", "X-API-Key"),
        ("Upgrade", "h2c"),
        ("Upgrade", "websocket"),
        ("HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA"),
        ("Host", ""),
        ("Host", "a b"),
        ("Host", "x:y:z"),
        ("Host", "[::1"),
        ("Host", "elsewhere.example"),
        ("Host", "<script>"),
        ("Cookie", "a=b; \"=;;"),
        ("Authorization", "Basic OjpdOjo="),
        ("Authorization", "Bearer"),
        ("Origin", "null"),
        ("Range", "bytes=0-0,2-,-5,9999999999999999999-"),
        ("If-None-Match", "\""),
        ("If-None-Match", "*"),
        ("If-Match", "\"x\""),
        ("If-Match", "\"99999999999999999999\", W/\"1\", *"),
        ("If-Match", "\u0001"),
        ("Accept", "application/yaml;q=nan, text/yaml"),
        ("If-Modified-Since", "yesterday"),
        ("If-Range", "x"),
        ("traceparent", "00-0-0-0"),
        ("traceparent", "00-00000000000000000000000000000000-0000000000000000-00"),
        ("traceparent", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("traceparent", "\u001b[31m"),
        ("tracestate", "a=b,,,=,"),
        ("baggage", "a=%00,b"),
        ("Request-Id", "|abc.1."),
        ("Request-Id", "x\u0001"),
        ("X-Forwarded-For", "nonsense"),
        ("X-Forwarded-For", "1.2.3.4, ::1, [::1]:99999, \u0001"),
        ("X-Forwarded-Host", "elsewhere.example"),
        ("X-Forwarded-Prefix", "//elsewhere.example"),
        ("X-Forwarded-Proto", "javascript"),
        ("X-HTTP-Method-Override", "DELETE"),
        ("X-Original-URL", "/policy"),
        ("X-Forwarded-Uri", "%"),
        ("X-Forwarded-Uri", "/%25%2525%2e%2e/;a/\\..//?%00"),
        ("X-Forwarded-Method", "\u0001"),
        ("X-RateLimit-User", "a\u001b[31mb"),
        ("X-RateLimit-Route", new string('x', 129)),
        ("X-RateLimit-Role", Utf8("é😀")),
        ("X-RateLimit-Cost", "-99999999999999999999"),
        ("Forwarded", "for=\";\""),
        ("TE", "trailers"),
        ("Trailer", "X-API-Key"),
        ("Via", "\u0001"),
        ("Last-Event-ID", "99999999999999999999"),
        ("Last-Event-ID", "-1"),
        ("X-Registration-Token", "nonsense"),
        (":authority", "x"),
        ("Bad Name", "x"),
        ("Bad\u0001Name", "x"),
        ("", "x"),
        ("X-Long", new string('x', 5000)),
        ("X-Control", "a\u0000b"),
        ("X-Control", "a\u007fb\u001b[2J"),
        ("X-Latin", "é"),
        ("X-Utf8", Utf8("é😀")),
    ];

    private static readonly string[] Framings =
    [
        "Content-Length: -1\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 0x10\r\n",
        "Content-Length: five\r\n",
        "Content-Length: \r\n",
        "Content-Length: 99999999999999999999999999\r\n",
        "Content-Length: 9223372036854775807\r\n",
        "Content-Length: 1048577\r\n",
        "Content-Length: 65537\r\n",
        "Content-Length: 5, 6\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length : 5\r\n",
        "Content-Length: 0\r\n",
        "Content-Length: 3\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked, gzip\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: \r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 100000000\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "\tTransfer-Encoding: chunked\r\n",
        "",
    ];

    private static readonly string[] BadChunks =
    [
        "\r\n",
        "0",
        "0\r\n",
        "-1\r\nx\r\n0\r\n\r\n",
        "zz\r\nx\r\n0\r\n\r\n",
        "FFFFFFFFFFFFFFFFF\r\nx\r\n0\r\n\r\n",
        "7FFFFFFF\r\nx\r\n0\r\n\r\n",
        "1\r\nxyz\r\n0\r\n\r\n",
        "1;a=\"b\"\r\n{\r\n0\r\n\r\n",
        "1\n{\n0\n\n",
        "0\r\nX-Trailer: y\r\n\r\n",
        "0\r\nno colon\r\n\r\n",
        "0\r\nX-API-Key: z\r\nContent-Length: 5\r\n\r\n",
    ];

    private readonly FuzzJson json = new(random);

    /// <summary>Makes the next request.</summary>
    /// <param name="key">A valid API key, for requests that need one.</param>
    public FuzzRequest Next(string key)
    {
        var operation = operations[random.Next(operations.Count)];
        var request = Right(operation, random.Next(4) > 0 ? key : null);
        var wrongs = random.Next(8) == 0 ? 0 : 1 + random.Next(3);
        for (var i = 0; i < wrongs; i++)
        {
            Wrong(request, operation, key);
        }

        // Unless the request sets it itself.
        request.Framing ??=
            request.Body.Length > 0 ? $"Content-Length: {request.Body.Length}\r\n" : null;
        return request;
    }

    /// <summary>A valid request.</summary>
    public static FuzzRequest Right(FuzzOperation operation, string? key)
    {
        var query = string.Join(
            '&',
            operation.Query.Select(parameter => $"{parameter.Name}={parameter.Value}")
        );
        var request = new FuzzRequest
        {
            Method = operation.Method,
            // A deletion accepts its names in two ways; use only one of them.
            Target =
                query.Length > 0 && operation.Body is null
                    ? $"{operation.Path}?{query}"
                    : operation.Path,
            Headers = { ("Host", "localhost"), ("Connection", "close") },
        };
        if (key is not null)
        {
            request.Headers.Add(("X-API-Key", key));
        }

        if (operation.Body is { } body)
        {
            request.Headers.Add(("Content-Type", "application/json"));
            request.Body = Encoding.UTF8.GetBytes(body.GetRawText());
        }

        return request;
    }

    private void Wrong(FuzzRequest request, FuzzOperation operation, string key)
    {
        switch (random.Next(operation.Body is null ? 6 : 14))
        {
            case 0:
                request.Method = random.Next(20) == 0 ? "M".Times(5000) : Of(Methods);
                break;
            case 1:
                SpoilPath(request);
                break;
            case 2 or 3:
                SpoilQuery(request);
                break;
            case 4:
                SpoilHeaders(request, key);
                break;
            case 5:
                SpoilBytes(request);
                break;
            case 6:
                SpoilContentType(request);
                break;
            case 7:
                SpoilFraming(request);
                break;
            case 8:
                request.Body = SpoilEncoding(request.Body);
                break;
            case 9:
                request.Body = SpoilBody(request.Body);
                break;
            default:
                request.Body = Encoding.UTF8.GetBytes(json.Spoil(operation.Body!.Value));
                break;
        }
    }

    private void SpoilPath(FuzzRequest request) =>
        request.Target = random.Next(6) switch
        {
            0 => Of(Targets),
            1 => request.Target.Insert(random.Next(request.Target.Length + 1), Of(PathParts)),
            2 => Of(PathParts) + request.Target,
            3 => $"/{Of(PathParts)}{Of(PathParts)}{Of(PathParts)}",
            4 => $"{request.Target}/{"x".Times(random.Next(20_000))}",
            _ => request.Target.ToUpperInvariant(),
        };

    private void SpoilQuery(FuzzRequest request)
    {
        var part = random.Next(8) switch
        {
            0 => $"a={"x".Times(random.Next(20_000))}",
            1 => $"{"x".Times(random.Next(4000))}=1",
            2 => string.Join('&', Enumerable.Repeat("a=1", random.Next(2000))),
            3 => $"user_id={"%00%0a".Times(random.Next(500))}",
            _ => Of(QueryParts),
        };
        request.Target += (request.Target.Contains('?') ? "&" : "?") + part;
    }

    private void SpoilHeaders(FuzzRequest request, string key)
    {
        switch (random.Next(10))
        {
            case 0:
                request.Headers.AddRange(
                    Enumerable.Range(0, random.Next(300)).Select(i => ($"X-Many-{i}", "x"))
                );
                break;
            case 1:
                request.Headers.Add(("X-Long", "x".Times(random.Next(40_000))));
                break;
            case 2:
                request.Headers.Add(("X-API-Key", key));
                break;
            case 3:
                request.Headers.Add(("X-API-Key", $"{key},{key}"));
                break;
            case 4 when request.Headers.Count > 0:
                request.Headers.RemoveAt(random.Next(request.Headers.Count));
                break;
            case 5:
                request.Version = Of(
                    "HTTP/1.0",
                    "HTTP/2.0",
                    "HTTP/1.2",
                    "HTTP/9.9",
                    "HTTP",
                    "",
                    "x"
                );
                break;
            default:
                request.Headers.Insert(
                    random.Next(request.Headers.Count + 1),
                    OddHeaders[random.Next(OddHeaders.Length)]
                );
                break;
        }
    }

    private void SpoilContentType(FuzzRequest request)
    {
        request.Headers.RemoveAll(header => header.Name == "Content-Type");
        if (random.Next(5) > 0)
        {
            request.Headers.Add(("Content-Type", Of(ContentTypes)));
        }

        if (random.Next(3) == 0)
        {
            request.Body = Encoding.UTF8.GetBytes(Of(Forms));
        }
    }

    private void SpoilFraming(FuzzRequest request)
    {
        switch (random.Next(3))
        {
            case 0:
                request.Framing = Of(Framings);
                break;
            case 1:
                request.Framing = "Transfer-Encoding: chunked\r\n";
                request.FramedBody = Encoding.Latin1.GetBytes(Of(BadChunks));
                break;
            default:
                request.Framing = "Transfer-Encoding: chunked\r\n";
                request.FramedBody = Chunked(request.Body);
                break;
        }
    }

    private byte[] Chunked(byte[] body)
    {
        var chunks = new List<byte>();
        for (var start = 0; start < body.Length; )
        {
            var count = Math.Min(
                1 + random.Next(random.Next(2) == 0 ? 3 : 5000),
                body.Length - start
            );
            chunks.AddRange(Encoding.ASCII.GetBytes($"{count:x}\r\n"));
            chunks.AddRange(body.AsSpan(start, count));
            chunks.AddRange("\r\n"u8);
            start += count;
        }

        return [.. chunks, .. "0\r\n\r\n"u8];
    }

    private byte[] SpoilEncoding(byte[] body)
    {
        var text = Encoding.UTF8.GetString(body);
        return random.Next(9) switch
        {
            0 => Encoding.Unicode.GetBytes(text),
            1 => Encoding.BigEndianUnicode.GetBytes(text),
            2 => [0xFF, 0xFE, .. Encoding.Unicode.GetBytes(text)],
            3 => [.. Encoding.UTF8.Preamble, .. body],
            4 => Encoding.UTF32.GetBytes(text),
            5 => Encoding.Latin1.GetBytes(text.Replace('a', 'é')),
            6 => Insert(
                body,
                Of<byte[]>([0xC3, 0x28], [0xED, 0xA0, 0x80], [0xC0, 0xAF], [0xF5], [0xFF])
            ),
            7 => Insert(body, [0]),
            _ => Insert(body, [0xEF, 0xBB, 0xBF]),
        };
    }

    private byte[] SpoilBody(byte[] body)
    {
        switch (random.Next(12))
        {
            case 0:
                return [];
            case 1:
                return body[..random.Next(body.Length + 1)];
            case 2:
                return Insert(body, RandomBytes(random.Next(64)));
            case 3:
                return RandomBytes(random.Next(2000));
            case 4:
                return [.. body, .. body];
            case 5:
                return Padded(body, MaxBodySize - 1 + random.Next(3));
            case 6:
                return Padded(body, random.Next(4) == 0 ? MaxBatchSize + random.Next(2) : 100_000);
            case 7:
                return Encoding.UTF8.GetBytes(Of("[", "{\"a\":", "[{\"checks\":").Times(20_000));
            case 8:
                return Encoding.UTF8.GetBytes($"{{\"checks\":[{json.Value()}]}}");
            case 9:
                return [.. body, .. " // comment"u8];
            case 10:
                return Encoding.UTF8.GetBytes(json.Value());
            default:
                return Flipped(body);
        }
    }

    private void SpoilBytes(FuzzRequest request) =>
        request.Spoil = random.Next(6) switch
        {
            0 => Cut(random.NextDouble()),
            1 => Fixed(Flipped),
            2 => Fixed(bytes => Insert(bytes, RandomBytes(1 + random.Next(8)))),
            3 => bytes => Replace(bytes, "\r\n", "\n"),
            4 => bytes => Replace(bytes, "\r\n", "\r"),
            _ => Fixed(bytes => Insert(bytes, "\r\n"u8.ToArray())),
        };

    // Each value is drawn once, so that the printed request is the one that was sent.
    private static Func<byte[], byte[]> Fixed(Func<byte[], byte[]> spoil)
    {
        byte[]? spoiled = null;
        return bytes => spoiled ??= spoil(bytes);
    }

    private static Func<byte[], byte[]> Cut(double where) =>
        bytes => bytes[..(int)(where * bytes.Length)];

    private static byte[] Replace(byte[] bytes, string old, string other) =>
        Encoding.Latin1.GetBytes(
            Encoding.Latin1.GetString(bytes).Replace(old, other, StringComparison.Ordinal)
        );

    private static byte[] Padded(byte[] body, int length) =>
        body.Length >= length
            ? body
            : [.. body, .. Enumerable.Repeat((byte)' ', length - body.Length)];

    private byte[] Flipped(byte[] bytes)
    {
        byte[] flipped = [.. bytes];
        for (var i = random.Next(4); i >= 0 && flipped.Length > 0; i--)
        {
            flipped[random.Next(flipped.Length)] ^= (byte)(1 << random.Next(8));
        }

        return flipped;
    }

    private byte[] Insert(byte[] bytes, byte[] more)
    {
        var at = random.Next(bytes.Length + 1);
        return [.. bytes[..at], .. more, .. bytes[at..]];
    }

    private byte[] RandomBytes(int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private T Of<T>(params T[] choices) => choices[random.Next(choices.Length)];
}

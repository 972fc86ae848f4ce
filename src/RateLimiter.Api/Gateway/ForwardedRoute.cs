using System.Text;

namespace RateLimiter.Api.Gateway;

/// <summary>
/// The route key under which a forwarded request is matched with policies: <c>METHOD /path</c>. Spellings that any server
/// treats as equivalent map to the same key, because the sender of the request chooses the spelling.
/// </summary>
internal static class ForwardedRoute
{
    private const char Separator = '/';
    private const string SchemeEnd = "://";

    /// <param name="method">The method of the forwarded request.</param>
    /// <param name="uri">Its target: a path or a whole URI, with or without a query.</param>
    public static string Of(string method, string uri) => $"{MethodOf(method)} {PathOf(uri)}";

    /// <summary>The path of a request target in the normalized form of route keys.</summary>
    internal static string PathOf(string uri)
    {
        var segments = new List<string>();
        foreach (var part in Decode(WithoutAuthority(WithoutQuery(uri))).Split(Separator, '\\'))
        {
            var parameters = part.IndexOf(';', StringComparison.Ordinal);
            var segment = parameters < 0 ? part : part[..parameters];
            if (segment is "" or ".")
            {
                continue;
            }

            if (segment != "..")
            {
                segments.Add(segment);
            }
            else if (segments.Count > 0)
            {
                segments.RemoveAt(segments.Count - 1);
            }
        }

        // Characters that would end a path stay encoded, so that a route key can be parsed as a path again.
        return (Separator + string.Join(Separator, segments))
            .ToLowerInvariant()
            .Replace("?", "%3f", StringComparison.Ordinal)
            .Replace("#", "%23", StringComparison.Ordinal);
    }

    // Servers process HEAD like GET.
    private static string MethodOf(string method) =>
        method.ToUpperInvariant() is var name && name == HttpMethods.Head ? HttpMethods.Get : name;

    private static ReadOnlySpan<char> WithoutQuery(ReadOnlySpan<char> uri)
    {
        var end = uri.IndexOfAny('?', '#');
        return end < 0 ? uri : uri[..end];
    }

    /// <summary>A target without scheme and authority. Some proxies, such as ingress-nginx, send a whole URI.</summary>
    internal static ReadOnlySpan<char> WithoutAuthority(ReadOnlySpan<char> uri)
    {
        var authority = uri.StartsWith(Separator) ? -1 : uri.IndexOf(SchemeEnd);
        if (authority < 0)
        {
            return uri;
        }

        var rest = uri[(authority + SchemeEnd.Length)..];
        var start = rest.IndexOf(Separator);
        return start < 0 ? [] : rest[start..];
    }

    /// <summary>
    /// Decodes until nothing is encoded, because a server behind the gateway may decode once more than the gateway. A single
    /// pass, regardless of the number of encodings: the sender controls it.
    /// </summary>
    private static string Decode(ReadOnlySpan<char> path)
    {
        Span<byte> bytes = new byte[Encoding.UTF8.GetByteCount(path)];
        Encoding.UTF8.GetBytes(path, bytes);
        var length = 0;
        foreach (var value in bytes)
        {
            bytes[length++] = value;
            // A decoded character may complete another escape sequence.
            while (
                length >= 3
                && bytes[length - 3] == (byte)'%'
                && char.IsAsciiHexDigit((char)bytes[length - 2])
                && char.IsAsciiHexDigit((char)bytes[length - 1])
            )
            {
                bytes[length - 3] = Convert.ToByte(
                    Encoding.ASCII.GetString(bytes[(length - 2)..length]),
                    16
                );
                length -= 2;
            }
        }

        return Encoding.UTF8.GetString(bytes[..length]);
    }
}

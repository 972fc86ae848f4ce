using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace RateLimiter.Api.Hosting;

/// <summary>
/// Takes the path prefix of the service from <c>X-Forwarded-Prefix</c>, when a trusted proxy sends it, and the caller's
/// address from <c>X-Forwarded-For</c>: from the end backwards, as long as the previous address is a trusted proxy's. The
/// framework's parser reads a list in which quotes protect commas: a caller who sends one quote would hide the address that
/// the proxy appends, and pass for the proxy.
/// </summary>
internal sealed partial class ProxyHeaders(IOptions<ProxyOptions> options)
{
    private const string Header = "X-Forwarded-For";
    private const string PrefixHeader = "X-Forwarded-Prefix";

    private readonly IPNetwork[] trusted = [.. options.Value.Networks()];

    public Task ApplyAsync(HttpContext context, RequestDelegate next)
    {
        var connection = context.Connection;
        var prefixes = context.Request.Headers[PrefixHeader];
        if (prefixes.Count > 0 && IsTrusted(connection.RemoteIpAddress))
        {
            context.Request.PathBase = PathOf(string.Join(',', prefixes!));
        }

        // The first member of a list is the furthest away, and so is the first of several headers.
        foreach (var line in context.Request.Headers[Header].Reverse())
        {
            foreach (var member in (line ?? "").Split(',').Reverse())
            {
                if (string.IsNullOrWhiteSpace(member))
                {
                    continue;
                }

                if (
                    !IsTrusted(connection.RemoteIpAddress)
                    || !TryParse(member.Trim(), out var address)
                )
                {
                    return next(context);
                }

                connection.RemoteIpAddress = address;
            }
        }

        return next(context);
    }

    // A connection over a Unix socket has no address: the permissions of the socket file control access.
    private bool IsTrusted(IPAddress? proxy)
    {
        if (proxy?.IsIPv4MappedToIPv6 == true)
        {
            proxy = proxy.MapToIPv4();
        }

        return proxy is null || Array.Exists(trusted, network => network.Contains(proxy));
    }

    /// <summary>The path that proxies have stripped, the first proxy's first; empty when the value is unsafe.</summary>
    internal static PathString PathOf(string prefixes)
    {
        var path = string.Concat(
            prefixes
                .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Select(prefix => prefix.TrimEnd('/'))
        );
        return Prefix.IsMatch(path) ? new PathString(path) : PathString.Empty;
    }

    // It is sent back in links: no host, no dot segments, nothing that needs escaping.
    [GeneratedRegex(@"^(/(?!\.{1,2}(/|\z))[A-Za-z0-9._~-]+)+\z")]
    private static partial Regex Prefix { get; }

    /// <summary>Parses an address, with or without a port, quotes and, for IPv6, brackets.</summary>
    internal static bool TryParse(string member, out IPAddress address)
    {
        address = IPAddress.None;
        var text = member is ['"', .. var quoted, '"'] ? quoted : member;
        var port = "0";
        if (text.StartsWith('['))
        {
            var end = text.IndexOf(']', StringComparison.Ordinal);
            if (end < 0)
            {
                return false;
            }

            (text, var rest) = (text[1..end], text[(end + 1)..]);
            if (rest is [':', .. var digits])
            {
                port = digits;
            }
            else if (rest.Length > 0)
            {
                return false;
            }

            if (!text.Contains(':', StringComparison.Ordinal))
            {
                return false;
            }
        }
        else if (text.Split(':') is [var host, var digits])
        {
            (text, port) = (host, digits);
        }

        return ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out _)
            && ProxyOptions.TryParseAddress(text, out address);
    }
}

using System.Net;
using Microsoft.Extensions.Options;

namespace RateLimiter.Api.Hosting;

/// <summary>The proxies in front of the service.</summary>
internal sealed class ProxyOptions
{
    public const string Section = "Proxies";

    // An IPv4-mapped IPv6 address has a prefix of 96 bits: ::ffff:0:0/96.
    private const int MappedPrefixLength = 96;

    /// <summary>
    /// Addresses and networks (CIDR), separated by commas, whose <c>X-Forwarded-For</c> and
    /// <see href="docs/operations.md#behind-a-proxy"><c>X-Forwarded-Prefix</c></see> are trusted.
    /// </summary>
    public string? Trusted { get; set; }

    /// <summary>The networks named in <see cref="Trusted"/>; an address is a network of one.</summary>
    public IEnumerable<IPNetwork> Networks() => Entries().Select(Parse);

    internal IEnumerable<string> Entries() =>
        (Trusted ?? "").Split(
            ',',
            StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries
        );

    internal static bool TryParse(string entry, out IPNetwork network)
    {
        network = default;
        var address = entry.Split('/', 2)[0];
        if (!TryParseAddress(address, out var parsed))
        {
            return false;
        }

        if (address == entry)
        {
            network = new IPNetwork(parsed, parsed.GetAddressBytes().Length * 8);
        }
        else if (!IPNetwork.TryParse(entry, out network))
        {
            return false;
        }

        return !parsed.IsIPv4MappedToIPv6 || TryUnmap(ref network);
    }

    // Callers' addresses are unmapped too. A prefix shorter than that of all mapped addresses would match none of them.
    private static bool TryUnmap(ref IPNetwork network)
    {
        if (network.PrefixLength < MappedPrefixLength)
        {
            return false;
        }

        network = new IPNetwork(
            network.BaseAddress.MapToIPv4(),
            network.PrefixLength - MappedPrefixLength
        );
        return true;
    }

    /// <summary>Parses an address that has only one interpretation.</summary>
    internal static bool TryParseAddress(string text, out IPAddress address)
    {
        address = IPAddress.None;
        if (!IsUsualNotation(text) || !IPAddress.TryParse(text, out var parsed))
        {
            return false;
        }

        address = parsed;
        return true;
    }

    // The framework reads 10 as 0.0.0.10 and 010.0.0.1 as 8.0.0.1, and ignores a port.
    private static bool IsUsualNotation(string address) =>
        address.Contains(':', StringComparison.Ordinal)
            ? !address.AsSpan().ContainsAny("[]%")
                && address[(address.LastIndexOf(':') + 1)..] is var last
                && (!last.Contains('.', StringComparison.Ordinal) || IsUsualIPv4(last))
            : IsUsualIPv4(address);

    private static bool IsUsualIPv4(string address) =>
        address.Split('.') is { Length: 4 } bytes
        && bytes.All(part => part == "0" || !part.StartsWith('0'));

    private static IPNetwork Parse(string entry) =>
        TryParse(entry, out var network) ? network : throw new FormatException(entry);
}

internal sealed class ProxyOptionsValidator : IValidateOptions<ProxyOptions>
{
    public ValidateOptionsResult Validate(string? name, ProxyOptions options)
    {
        var wrong = options.Entries().Where(entry => !ProxyOptions.TryParse(entry, out _)).ToList();
        return wrong.Count == 0
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(
                $"Proxies:Trusted must hold addresses and networks, such as 10.0.0.1 or 10.0.0.0/8, "
                    + $"not '{string.Join("', '", wrong)}'."
            );
    }
}

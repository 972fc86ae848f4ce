using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace RateLimiter.Api.Hosting;

/// <summary>Whose <c>X-Forwarded-For</c> counts.</summary>
internal sealed class ProxyOptions
{
    public const string Section = "Proxies";

    /// <summary>Addresses and networks (CIDR), separated by commas. Default: nobody's.</summary>
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
        var parts = entry.Split('/', 2);
        var isRead =
            parts.Length == 2
                ? IPNetwork.TryParse(entry, out network)
                : TryParseAddress(entry, out network);
        // Only in the usual notation: 010.0.0.1 would be 8.0.0.1, and 10 would be 0.0.0.10.
        return isRead
            && (
                network.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6
                    ? !parts[0].AsSpan().ContainsAny("[]%")
                    : parts[0].Split('.') is { Length: 4 } bytes
                        && bytes.All(part => part == "0" || !part.StartsWith('0'))
            );
    }

    private static bool TryParseAddress(string entry, out IPNetwork network)
    {
        if (!IPAddress.TryParse(entry, out var address))
        {
            network = default;
            return false;
        }

        // Callers come unmapped too.
        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        network = new IPNetwork(address, address.GetAddressBytes().Length * 8);
        return true;
    }

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

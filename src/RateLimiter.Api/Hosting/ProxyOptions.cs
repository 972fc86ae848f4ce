using System.Net;
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
        if (IPNetwork.TryParse(entry, out network))
        {
            return true;
        }

        if (!IPAddress.TryParse(entry, out var address))
        {
            return false;
        }

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

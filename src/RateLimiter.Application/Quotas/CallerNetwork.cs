using System.Net;
using System.Net.Sockets;

namespace RateLimiter.Application.Quotas;

/// <summary>Maps an address to the network that identifies its owner.</summary>
public static class CallerNetwork
{
    // A household or a host gets a /64 of IPv6, so that its owner can call from 2^64 addresses.
    private const int IPv6PrefixBytes = 8;

    /// <summary>The IPv4 address itself (also when it is mapped to IPv6), or the /64 of an IPv6 address.</summary>
    public static string Of(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address.ToString();
        }

        var bytes = address.GetAddressBytes();
        Array.Clear(bytes, IPv6PrefixBytes, bytes.Length - IPv6PrefixBytes);
        return $"{new IPAddress(bytes)}/64";
    }
}

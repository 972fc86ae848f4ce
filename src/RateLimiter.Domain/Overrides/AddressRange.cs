using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace RateLimiter.Domain.Overrides;

/// <summary>
/// The addresses of a network, or a single address. An IPv4 address that is mapped to IPv6 is the IPv4 address.
/// </summary>
/// <param name="IsIPv4">Whether it is of IPv4.</param>
/// <param name="First">The first address, as a number.</param>
/// <param name="Length">The number of leading bits that all of its addresses have in common.</param>
internal readonly record struct AddressRange(bool IsIPv4, UInt128 First, int Length)
{
    private const int IPv4Bits = 32;
    private const int IPv6Bits = 128;
    private const int MappedBits = IPv6Bits - IPv4Bits;

    private static readonly SearchValues<char> AddressCharacters = SearchValues.Create(
        "0123456789abcdefABCDEF:."
    );

    /// <summary>
    /// Parses an address or, with a <c>/</c>, a network. Whatever else is read as an address elsewhere, such as a number, an
    /// octal part or a scope, is none here.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out AddressRange range)
    {
        range = default;
        var slash = text.IndexOf('/');
        if (!TryParseAddress(slash < 0 ? text : text[..slash], out var address))
        {
            return false;
        }

        var length = address.AddressFamily == AddressFamily.InterNetwork ? IPv4Bits : IPv6Bits;
        if (slash >= 0)
        {
            if (!IPNetwork.TryParse(text, out var network))
            {
                return false;
            }

            length = network.PrefixLength;
        }

        range = Of(address, length);
        range = range.Widen(range.Length);
        return true;
    }

    /// <summary>Whether a text begins as a network: with an address and a <c>/</c>.</summary>
    public static bool IsLikeNetwork(ReadOnlySpan<char> text) =>
        text.IndexOf('/') is >= 0 and var slash && TryParseAddress(text[..slash], out _);

    /// <summary>Whether a text is a network, and its address the first one of it.</summary>
    public static bool IsNetwork(ReadOnlySpan<char> text) =>
        IsLikeNetwork(text)
        && TryParse(text, out var network)
        && TryParse(text[..text.IndexOf('/')], out var address)
        && address.First == network.First;

    /// <summary>The network of so many leading bits around this one.</summary>
    public AddressRange Widen(int length)
    {
        var bits = (IsIPv4 ? IPv4Bits : IPv6Bits) - length;
        // Shifting by all bits of the type would shift by none.
        return new AddressRange(IsIPv4, bits == IPv6Bits ? 0 : First >> bits << bits, length);
    }

    private static AddressRange Of(IPAddress address, int length)
    {
        if (address.IsIPv4MappedToIPv6 && length >= MappedBits)
        {
            (address, length) = (address.MapToIPv4(), length - MappedBits);
        }

        Span<byte> bytes = stackalloc byte[IPv6Bits / 8];
        address.TryWriteBytes(bytes, out var written);
        var isIPv4 = written * 8 == IPv4Bits;
        return new AddressRange(
            isIPv4,
            isIPv4
                ? BinaryPrimitives.ReadUInt32BigEndian(bytes)
                : BinaryPrimitives.ReadUInt128BigEndian(bytes),
            length
        );
    }

    private static bool TryParseAddress(ReadOnlySpan<char> text, out IPAddress address)
    {
        address = IPAddress.None;
        if (text.ContainsAnyExcept(AddressCharacters) || !IPAddress.TryParse(text, out var parsed))
        {
            return false;
        }

        address = parsed;
        Span<char> canonical = stackalloc char[IPv4Bits];
        return parsed.AddressFamily == AddressFamily.InterNetworkV6
            || parsed.TryFormat(canonical, out var written)
                && text.SequenceEqual(canonical[..written]);
    }
}

using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace RateLimiter.Domain.Reservations;

/// <summary>
/// A reservation that holds nothing in the store: of an inactive policy, of a check that only shadow mode allowed, or made while the
/// store was away. Its id is all that there is of it, so that settling it needs no store.
/// </summary>
/// <remarks>
/// The digest is there so that an altered id is not found. It needs no secret: nobody gains by making an id that holds nothing.
/// </remarks>
/// <param name="ExpiresAt">When it expires.</param>
/// <param name="Degraded">Whether the store was away.</param>
public sealed record VoidReservation(DateTimeOffset ExpiresAt, bool Degraded)
{
    private const int HeadBytes = 9;
    private const int DigestBytes = 15;

    /// <summary>The length of an id, by which it differs from one of the store.</summary>
    public const int IdLength = 32;

    /// <summary>The id of this reservation of a client.</summary>
    public string Id(ClientId client)
    {
        Span<byte> id = stackalloc byte[HeadBytes + DigestBytes];
        id[0] = Degraded ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt64BigEndian(id[1..], ExpiresAt.ToUnixTimeMilliseconds());
        WriteDigest(client, id[..HeadBytes], id[HeadBytes..]);
        return Base64Url.EncodeToString(id);
    }

    /// <summary>Reads an id; null when it is none of this client.</summary>
    public static VoidReservation? Parse(ClientId client, string id)
    {
        Span<byte> bytes = stackalloc byte[HeadBytes + DigestBytes];
        Span<byte> digest = stackalloc byte[DigestBytes];
        if (
            id.Length != IdLength
            || !Base64Url.TryDecodeFromChars(id, bytes, out var written)
            || written != bytes.Length
        )
        {
            return null;
        }

        WriteDigest(client, bytes[..HeadBytes], digest);
        var milliseconds = BinaryPrimitives.ReadInt64BigEndian(bytes[1..]);
        return digest.SequenceEqual(bytes[HeadBytes..]) && bytes[0] <= 1
            ? new VoidReservation(
                DateTimeOffset.FromUnixTimeMilliseconds(milliseconds),
                bytes[0] == 1
            )
            : null;
    }

    private static void WriteDigest(ClientId client, ReadOnlySpan<byte> head, Span<byte> digest)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData([.. Encoding.ASCII.GetBytes(client.Value), .. head], hash);
        hash[..digest.Length].CopyTo(digest);
    }
}

using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace RateLimiter.Domain.Keys;

/// <summary>
/// An API key: <c>rl_</c>, the client's id, <c>_</c>, a secret of 43 letters and digits (256 random bits) and a
/// checksum of 6. Secret scanners find a leaked key by its prefix; the checksum rejects a mistyped key without a request to
/// the store. Only <see cref="Hash"/> and <see cref="Start"/> are ever stored.
/// </summary>
public sealed class ApiKey
{
    private const string Prefix = "rl_";
    private const int SecretLength = 43;
    private const int ChecksumLength = 6;
    private const int SecretStart = 3 + ClientId.Length + 1;

    // Leaves 232 random bits that are never shown.
    private const int ShownSecretLength = 4;

    /// <summary>The length of every key, in characters.</summary>
    public const int Length = SecretStart + SecretLength + ChecksumLength;

    private static readonly SearchValues<char> AlphabetValues = SearchValues.Create(
        ClientId.Alphabet
    );

    private readonly string text;

    private ApiKey(ClientId client, string text)
    {
        Client = client;
        this.text = text;
    }

    public ClientId Client { get; }

    /// <summary>
    /// The beginning of the key's text, by which its owner recognises it. It includes 4 characters of the secret.
    /// </summary>
    public string Start => text[..(SecretStart + ShownSecretLength)];

    /// <summary>
    /// The stored form of the key. Computed on each call, not when the key is parsed: it takes longer than all other work on
    /// a key.
    /// </summary>
    public KeyHash Hash => KeyHash.Of(text);

    /// <summary>Generates a new key for a client.</summary>
    /// <returns>The key to store, and the text to show to its owner once.</returns>
    public static (ApiKey Key, string Text) Generate(ClientId client)
    {
        var body =
            $"{Prefix}{client}_{RandomNumberGenerator.GetString(ClientId.Alphabet, SecretLength)}";
        var text = string.Create(
            Length,
            body,
            static (span, body) =>
            {
                body.CopyTo(span);
                WriteChecksum(body, span[body.Length..]);
            }
        );
        return (new ApiKey(client, text), text);
    }

    /// <summary>Parses a key as its owner sends it. False when no such key can exist.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ApiKey? key)
    {
        key = null;
        if (
            text is not { Length: Length }
            || !text.StartsWith(Prefix, StringComparison.Ordinal)
            || text[SecretStart - 1] != '_'
        )
        {
            return false;
        }

        var client = text.AsSpan(Prefix.Length, ClientId.Length);
        var secret = text.AsSpan(SecretStart);
        if (client.ContainsAnyExcept(AlphabetValues) || secret.ContainsAnyExcept(AlphabetValues))
        {
            return false;
        }

        Span<char> checksum = stackalloc char[ChecksumLength];
        WriteChecksum(text.AsSpan(0, Length - ChecksumLength), checksum);
        if (!checksum.SequenceEqual(text.AsSpan(Length - ChecksumLength)))
        {
            return false;
        }

        key = new ApiKey(new ClientId(client.ToString()), text);
        return true;
    }

    /// <summary>Whether this is the same key. Compares in constant time.</summary>
    public bool IsSameAs(ApiKey other) =>
        CryptographicOperations.FixedTimeEquals(
            MemoryMarshal.AsBytes(text.AsSpan()),
            MemoryMarshal.AsBytes(other.text.AsSpan())
        );

    // CRC-32C in base 62, most significant digit first: 62^6 > 2^32.
    private static void WriteChecksum(ReadOnlySpan<char> body, Span<char> destination)
    {
        var crc = uint.MaxValue;
        foreach (var character in body)
        {
            crc = BitOperations.Crc32C(crc, (byte)character);
        }

        crc = ~crc;
        for (var i = ChecksumLength - 1; i >= 0; i--)
        {
            (crc, var digit) = Math.DivRem(crc, (uint)ClientId.Alphabet.Length);
            destination[i] = ClientId.Alphabet[(int)digit];
        }
    }
}

/// <summary>The SHA-256 of an API key's text: the only form in which a whole key is stored.</summary>
public readonly struct KeyHash : IEquatable<KeyHash>
{
    private readonly Vector256Bits bits;

    private KeyHash(ReadOnlySpan<byte> hash) => bits = MemoryMarshal.Read<Vector256Bits>(hash);

    public static KeyHash Of(string text)
    {
        Span<byte> utf8 = stackalloc byte[ApiKey.Length];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(utf8[..Encoding.ASCII.GetBytes(text, utf8)], hash);
        return new KeyHash(hash);
    }

    /// <summary>Parses the output of <see cref="ToString"/>.</summary>
    public static KeyHash Parse(string hex) => new(Convert.FromHexString(hex));

    /// <summary>Compares in constant time.</summary>
    public bool Equals(KeyHash other) =>
        CryptographicOperations.FixedTimeEquals(Bytes(in bits), Bytes(in other.bits));

    public override bool Equals(object? obj) => obj is KeyHash other && Equals(other);

    public override int GetHashCode() => bits.A.GetHashCode();

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public override string ToString() => Convert.ToHexStringLower(Bytes(in bits));

    public static bool operator ==(KeyHash left, KeyHash right) => left.Equals(right);

    public static bool operator !=(KeyHash left, KeyHash right) => !left.Equals(right);

    private static ReadOnlySpan<byte> Bytes(in Vector256Bits bits) =>
        MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(in bits, 1));

    private readonly record struct Vector256Bits(ulong A, ulong B, ulong C, ulong D);
}

using System.Text;

namespace RateLimiter.Infrastructure.Redis.Connection;

/// <summary>
/// Finds names whose slot in a cluster is that of another key, so that a script can use both. The slot is the CRC-16 (XMODEM:
/// polynomial 0x1021, start 0) of the text between the braces, modulo 16,384.
/// </summary>
/// <seealso href="https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model"/>
internal static class HashSlots
{
    /// <summary>The length of a suffix.</summary>
    public const int SuffixLength = 3;

    /// <summary>The characters of a suffix: those of Base64 in a path.</summary>
    public const string Alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    private const int Count = 16384;

    private static readonly ushort[] Table =
    [
        .. Enumerable.Range(0, 256).Select(value => Shift((ushort)(value << 8), bits: 8)),
    ];

    // CRC is linear: the CRC of a text is that of its suffix, after zeros, xor that of what is before, with zeros behind.
    private static readonly Lazy<string?[]> Suffixes = new(() =>
    {
        var suffixes = new string?[Count];
        foreach (var first in Alphabet)
        {
            foreach (var second in Alphabet)
            {
                foreach (var third in Alphabet)
                {
                    var suffix = $"{first}{second}{third}";
                    suffixes[Crc(0, suffix) % Count] ??= suffix;
                }
            }
        }

        return suffixes;
    });

    /// <summary>A suffix with which a text has the same slot as another.</summary>
    /// <param name="text">ASCII.</param>
    /// <param name="tag">The text between the braces of the other key.</param>
    public static string SuffixFor(string text, string tag)
    {
        var before = Shift(Crc(0, text), bits: 8 * SuffixLength);
        return Suffixes.Value[(before ^ Crc(0, tag)) % Count]!;
    }

    private static ushort Crc(ushort crc, string text)
    {
        foreach (var value in Encoding.UTF8.GetBytes(text))
        {
            crc = (ushort)((crc << 8) ^ Table[(crc >> 8) ^ value]);
        }

        return crc;
    }

    private static ushort Shift(ushort crc, int bits)
    {
        for (var bit = 0; bit < bits; bit++)
        {
            crc = (ushort)((crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1);
        }

        return crc;
    }
}

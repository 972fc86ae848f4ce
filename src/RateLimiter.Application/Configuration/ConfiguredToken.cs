using System.Security.Cryptography;
using System.Text;

namespace RateLimiter.Application.Configuration;

/// <summary>A secret of the configuration that callers must know, and which comes in a header.</summary>
/// <param name="text">The token.</param>
public sealed class ConfiguredToken(string text)
{
    /// <summary>The fewest characters of one.</summary>
    public const int MinLength = 16;

    private readonly byte[] hash = HashOf(text);

    /// <summary>What a token must be, to be said of an option. It does not show the token.</summary>
    public static string Rule { get; } =
        $"must be {MinLength} or more ASCII characters without spaces";

    /// <summary>Whether a text can be one: anything else would not come through a header as it is.</summary>
    public static bool IsOne(string text) =>
        text.Length >= MinLength && !text.AsSpan().ContainsAnyExceptInRange('!', '~');

    /// <summary>
    /// Whether a caller knows it. Of hashes, which are of one length, the time tells nothing: not even how long the token is.
    /// </summary>
    public bool Is(string given) => CryptographicOperations.FixedTimeEquals(HashOf(given), hash);

    private static byte[] HashOf(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}

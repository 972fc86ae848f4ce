using System.Security.Cryptography;
using System.Text;

namespace RateLimiter.Application.Configuration;

/// <summary>A configured secret that callers must send in a header.</summary>
/// <param name="text">The token.</param>
public sealed class ConfiguredToken(string text)
{
    /// <summary>The minimum length of a token.</summary>
    public const int MinLength = 16;

    private readonly byte[] hash = HashOf(text);

    /// <summary>The rule for a token, as the end of a validation message. It does not show the token.</summary>
    public static string Rule { get; } =
        $"must be {MinLength} or more ASCII characters without spaces";

    /// <summary>Whether a text can be a token: any other text would not pass through a header unchanged.</summary>
    public static bool IsOne(string text) =>
        text.Length >= MinLength && !text.AsSpan().ContainsAnyExceptInRange('!', '~');

    /// <summary>
    /// Whether a caller sent the token. Hashes of equal length are compared in constant time, so the response time does not
    /// even reveal the length of the token.
    /// </summary>
    public bool Is(string given) => CryptographicOperations.FixedTimeEquals(HashOf(given), hash);

    private static byte[] HashOf(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}

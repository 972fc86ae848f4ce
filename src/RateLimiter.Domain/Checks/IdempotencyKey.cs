using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace RateLimiter.Domain.Checks;

/// <summary>
/// A caller's name of a call, so that a repetition is charged once. It belongs to the call, route, role, user and subjects: with
/// others it is another key.
/// </summary>
/// <param name="Digest">What no two keys have in common: a digest of the key and of all that it belongs to.</param>
public sealed record IdempotencyKey(string Digest)
{
    /// <summary>The longest key, in characters.</summary>
    public const int MaxLength = 64;

    // 128 bits: nobody finds two keys with the same.
    private const int DigestBytes = 16;

    /// <summary>The key of a call.</summary>
    /// <param name="call">The kind of call.</param>
    /// <param name="check">The check, with its key.</param>
    /// <returns>Null when the check has none, or costs nothing.</returns>
    public static IdempotencyKey? Of(PlannedCall call, in Check check)
    {
        if (check is not { IdempotencyKey: { } key, Cost: > 0 })
        {
            return null;
        }

        var text = new StringBuilder();
        ReadOnlySpan<string?> parts =
        [
            $"{call}".ToLowerInvariant(),
            key,
            check.RouteKey,
            check.Role,
            check.UserId,
        ];
        foreach (var part in parts)
        {
            Append(part);
        }

        foreach (
            var (name, value) in check.Subjects ?? Enumerable.Empty<KeyValuePair<string, string>>()
        )
        {
            Append(name);
            Append(value);
        }

        var digest = SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()));
        return new IdempotencyKey(Convert.ToHexStringLower(digest.AsSpan(0, DigestBytes)));

        // With its length, so that no two lists of parts have the same text.
        void Append(string? part) =>
            text.Append(CultureInfo.InvariantCulture, $"{part?.Length}:{part}");
    }

    /// <summary>Describes what is wrong with a key; null when nothing is.</summary>
    public static string? Problem(string key) =>
        key.Length is 0 or > MaxLength ? $"must have 1 to {MaxLength} characters"
        : key.AsSpan().ContainsAnyExceptInRange('!', '~')
            ? "must have visible ASCII characters only"
        : null;
}

/// <summary>Whether a call was decided now.</summary>
public enum DecisionKind
{
    /// <summary>It was.</summary>
    New,

    /// <summary>The decision is that of an earlier call with the same idempotency key. Nothing was taken again.</summary>
    Replayed,

    /// <summary>Nothing was decided: an earlier call with the same idempotency key asked for something else.</summary>
    KeyReused,

    /// <summary>Nothing was decided: as many reservations of a counter are open as may be.</summary>
    TooManyReservations,

    /// <summary>Nothing was decided: as many reservations of the client are open as may be.</summary>
    TooManyReservationsOfClient,
}

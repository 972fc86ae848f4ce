using System.Runtime.CompilerServices;
using System.Text;
using RateLimiter.Domain.Policies;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Checks;

/// <summary>Limits, as check.lua reads them.</summary>
/// <param name="Bytes">The text.</param>
/// <param name="Valid">When it may be used, in microseconds since 1970.</param>
internal sealed record LimitText(byte[] Bytes, (long From, long Until) Valid)
{
    // The text of the same limits is the same in every call, or as long as no period of a calendar ends.
    private static readonly ConditionalWeakTable<LimitList, LimitText> Known = [];

    /// <summary>The text of limits at a time, in microseconds since 1970.</summary>
    public static RedisValue Of(LimitList limits, long now)
    {
        if (
            !Known.TryGetValue(limits, out var text)
            || now < text.Valid.From
            || now >= text.Valid.Until
        )
        {
            text = Write(limits, now);
            Known.AddOrUpdate(limits, text);
        }

        return text.Bytes;
    }

    private static LimitText Write(LimitList limits, long now)
    {
        var valid = (From: long.MinValue, Until: long.MaxValue);
        var texts = new string[limits.Count];
        for (var i = 0; i < texts.Length; i++)
        {
            texts[i] = LimiterModule.Of(limits[i]).Write(limits[i], now, ref valid);
        }

        return new LimitText(Encoding.ASCII.GetBytes(string.Join(' ', texts)), valid);
    }
}

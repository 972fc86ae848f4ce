using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using RateLimiter.Domain.Checks;
using RateLimiter.Infrastructure.Documents;

namespace RateLimiter.Infrastructure.Redis.Logs;

/// <summary>
/// The codec of log entries. An entry is written once for each decision, so it is written by hand and without allocation, but
/// as <see cref="LogEntryDocument"/> would be: earlier versions read it too.
/// </summary>
internal static class LogEntryJson
{
    /// <summary>The length of everything but texts is less.</summary>
    private const int MaxFixedLength = 768;

    /// <summary>The length of an escaped character.</summary>
    private const int MaxCharacterLength = 6;

    private static readonly SearchValues<char> Escaped = SearchValues.Create([
        '"',
        '\\',
        .. Enumerable.Range(0, ' ').Select(code => (char)code),
    ]);

    [ThreadStatic]
    private static byte[]? buffer;

    /// <returns>The entry, valid until the next call on this thread.</returns>
    public static ReadOnlySpan<byte> Write(in LogEntry entry)
    {
        var length = MaxLengthOf(entry);
        if (buffer is null || buffer.Length < length)
        {
            buffer = new byte[length];
        }

        var json = new Writer(buffer);
        json.Raw("{\"decided_at\":\""u8);
        json.Time(entry.DecidedAt);
        json.Raw("\",\"user_id\":"u8);
        json.Text(entry.UserId);
        json.Raw(",\"route_key\":"u8);
        json.Text(entry.RouteKey);
        json.Raw(",\"role\":"u8);
        json.Text(entry.Role);
        json.Raw(",\"matched_role\":"u8);
        json.Text(entry.MatchedRole);
        json.Flag(",\"allowed\":true"u8, entry.Allowed);
        json.Flag(",\"shadow_denied\":true"u8, entry.ShadowDenied);
        json.Flag(",\"degraded\":true"u8, entry.Degraded);
        json.Text(",\"reason\":"u8, entry.Reason);
        json.Number(",\"cost\":"u8, entry.Cost);
        json.Number(",\"remaining\":"u8, entry.Remaining);
        json.Number(",\"limit\":"u8, entry.Limit);
        json.Number(",\"capacity\":"u8, entry.Capacity);
        if (entry.Kind != LogEntryKind.Decision)
        {
            json.Text(",\"kind\":"u8, LogEntryDocument.NameOf(entry.Kind));
        }

        if (entry.Subjects is { } subjects)
        {
            json.Members(",\"subjects\":"u8, subjects);
        }

        json.Number(",\"granted\":"u8, entry.PartialGrant);
        json.Text(",\"override_id\":"u8, entry.OverrideId);
        json.Text(",\"reservation_id\":"u8, entry.ReservationId);
        json.Number(",\"min_cost\":"u8, entry.MinCost);
        json.Text(",\"reset_limit\":"u8, entry.ResetLimit);
        if (entry.Terms is { } terms)
        {
            json.Number(",\"ttl_ms\":"u8, (long)terms.TimeToLive.TotalMilliseconds);
            json.Number(",\"slots\":"u8, terms.Slots);
            json.Text(",\"on_expiry\":"u8, LogEntryDocument.NameOf(terms.OnExpiry));
        }

        json.Number(",\"released\":"u8, entry.Released);
        json.Flag(",\"late\":true"u8, entry.IsLate);
        json.Flag(",\"held\":true"u8, entry.IsHeld);
        json.Raw("}"u8);
        return json.Written;
    }

    /// <summary>Reads an entry of any version; null for one that this version does not understand.</summary>
    public static LogEntry? Read(ReadOnlySpan<byte> entry)
    {
        // A later version may write another form, which begins differently.
        if (entry is not [(byte)'{', ..])
        {
            return null;
        }

        try
        {
            return JsonSerializer
                .Deserialize(entry, DocumentJson.Default.LogEntryDocument)
                ?.ToEntry();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static int MaxLengthOf(in LogEntry entry)
    {
        var characters =
            entry.UserId.Length
            + entry.RouteKey.Length
            + entry.Role.Length
            + entry.MatchedRole.Length
            + (entry.Reason?.Length ?? 0)
            + (entry.OverrideId?.Length ?? 0)
            + (entry.ReservationId?.Length ?? 0)
            + (entry.ResetLimit?.Length ?? 0);
        if (entry.Subjects is { } subjects)
        {
            foreach (var (name, value) in subjects)
            {
                // Each has punctuation of its own.
                characters += name.Length + value.Length + 1;
            }
        }

        return MaxFixedLength + MaxCharacterLength * characters;
    }

    /// <summary>Writes into a buffer that is long enough.</summary>
    private ref struct Writer(Span<byte> buffer)
    {
        private readonly Span<byte> buffer = buffer;
        private int length;

        public readonly ReadOnlySpan<byte> Written => buffer[..length];

        private readonly Span<byte> Rest => buffer[length..];

        public void Raw(ReadOnlySpan<byte> text)
        {
            text.CopyTo(Rest);
            length += text.Length;
        }

        public void Flag(ReadOnlySpan<byte> text, bool isSet)
        {
            if (isSet)
            {
                Raw(text);
            }
        }

        public void Time(DateTimeOffset time)
        {
            time.UtcDateTime.TryFormat(Rest, out var written, "O", CultureInfo.InvariantCulture);
            length += written;
        }

        public void Number(ReadOnlySpan<byte> name, long? number)
        {
            if (number is { } value)
            {
                Raw(name);
                Utf8Formatter.TryFormat(value, Rest, out var written);
                length += written;
            }
        }

        public void Text(ReadOnlySpan<byte> name, string? text)
        {
            if (text is not null)
            {
                Raw(name);
                Text(text);
            }
        }

        public void Text(string text)
        {
            Raw("\""u8);
            // Other characters are legal in JSON as they are.
            length += Encoding.UTF8.GetBytes(
                text.AsSpan().ContainsAny(Escaped)
                    ? JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)
                    : text,
                Rest
            );
            Raw("\""u8);
        }

        public void Members(ReadOnlySpan<byte> name, SubjectValues members)
        {
            Raw(name);
            Raw("{"u8);
            var isFirst = true;
            foreach (var (member, value) in members)
            {
                Flag(","u8, !isFirst);
                isFirst = false;
                Text(member);
                Raw(":"u8);
                Text(value);
            }

            Raw("}"u8);
        }
    }
}

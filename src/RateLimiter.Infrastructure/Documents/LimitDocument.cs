using RateLimiter.Application.Policies;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Infrastructure.Documents;

internal sealed record LimitDocument(
    string Name,
    Algorithm Algorithm,
    long Permits,
    long? WindowSeconds,
    long? Burst,
    string Epoch,
    IReadOnlyList<string?>? Per = null,
    MissingSubjects? WhenMissing = null,
    CalendarUnit? Period = null,
    string? TimeZone = null,
    string? Anchor = null
)
{
    public static LimitDocument From(Limit limit)
    {
        var fields = LimitFields.Of(limit);
        return new(
            limit.Name,
            limit.Algorithm,
            limit.Permits,
            fields.WindowSeconds,
            fields.Burst,
            limit.Epoch,
            fields.Per,
            fields.WhenMissing,
            fields.Period,
            fields.TimeZone,
            fields.Anchor
        );
    }

    public Limit ToLimit() =>
        new LimitFields(
            Permits,
            WindowSeconds,
            Algorithm,
            Burst,
            Name: null,
            Per,
            WhenMissing,
            Period,
            TimeZone,
            Anchor
        ).ToLimit(
            // One shared object for all limits whose name was not chosen: there can be thousands in memory.
            Name == Limit.DefaultName
                ? Limit.DefaultName
                : Name
        ) with
        {
            Epoch = Epoch,
        };
}

using RateLimiter.Domain.Policies;

namespace RateLimiter.Infrastructure.Documents;

internal sealed record LimitDocument(
    string Name,
    Algorithm Algorithm,
    long Permits,
    int WindowSeconds,
    long? Burst,
    string Epoch
)
{
    public static LimitDocument From(Limit limit) =>
        new(
            limit.Name,
            limit.Algorithm,
            limit.Permits,
            (int)limit.Window.TotalSeconds,
            limit.Burst,
            limit.Epoch
        );

    public Limit ToLimit() =>
        new(
            Name == Limit.DefaultName ? Limit.DefaultName : Name,
            Algorithm,
            Permits,
            TimeSpan.FromSeconds(WindowSeconds),
            Burst
        )
        {
            Epoch = Epoch,
        };
}

using RateLimiter.Domain.Policies;

namespace RateLimiter.Infrastructure.Documents;

internal sealed record LimitDocument(
    string Name,
    Algorithm Algorithm,
    long Permits,
    int WindowSeconds,
    long? Burst,
    string Epoch,
    IReadOnlyList<string>? Per = null,
    MissingSubjects WhenMissing = MissingSubjects.Reject
)
{
    public static LimitDocument From(Limit limit) =>
        new(
            limit.Name,
            limit.Algorithm,
            limit.Permits,
            (int)limit.Window.TotalSeconds,
            (limit as BucketLimit)?.Burst,
            limit.Epoch,
            limit.Per.Equals(SubjectNames.UserOnly) ? null : limit.Per,
            limit.WhenMissing
        );

    public Limit ToLimit() =>
        Limit.Create(
            Name == Limit.DefaultName ? Limit.DefaultName : Name,
            Algorithm,
            Permits,
            TimeSpan.FromSeconds(WindowSeconds),
            Burst
        ) with
        {
            Epoch = Epoch,
            Per = Per is null ? SubjectNames.UserOnly : [.. Per],
            WhenMissing = WhenMissing,
        };
}

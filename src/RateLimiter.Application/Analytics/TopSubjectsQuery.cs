using MediatR;
using RateLimiter.Domain.Clients;

namespace RateLimiter.Application.Analytics;

/// <summary>
/// The values with the most checks or denials of each subject that a limit of the client has, by the subject's name.
/// </summary>
/// <param name="Client">The client whose checks are counted, with its policies.</param>
/// <param name="Span">The span of time.</param>
/// <param name="Of">What they are ordered by: checks or denials.</param>
/// <param name="Count">The maximum number of values of each subject.</param>
public sealed record TopSubjectsQuery(
    ClientSnapshot Client,
    AnalyticsSpan Span,
    TopMetric Of,
    int Count
) : IRequest<IReadOnlyDictionary<string, TopEntries>>
{
    /// <summary>The most subjects. Each costs as much as a list of users.</summary>
    public const int MaxSubjects = 8;
}

internal sealed class TopSubjectsHandler(IAnalytics analytics)
    : IRequestHandler<TopSubjectsQuery, IReadOnlyDictionary<string, TopEntries>>
{
    public async Task<IReadOnlyDictionary<string, TopEntries>> Handle(
        TopSubjectsQuery query,
        CancellationToken cancellationToken
    )
    {
        var names = query
            .Client.Policies.Policies.SelectMany(policy => policy.Limits.Named)
            .Distinct()
            .Order(StringComparer.Ordinal)
            .Take(TopSubjectsQuery.MaxSubjects);
        var subjects = new SortedDictionary<string, TopEntries>(StringComparer.Ordinal);
        foreach (var name in names)
        {
            subjects[name] = await analytics.ListTopAsync(
                query.Client.Id,
                query.Span,
                TopDimension.Subject,
                name,
                query.Of,
                query.Count,
                cancellationToken
            );
        }

        return subjects;
    }
}

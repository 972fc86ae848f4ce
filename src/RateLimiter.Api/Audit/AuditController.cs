using System.ComponentModel.DataAnnotations;
using System.Runtime.CompilerServices;
using AutoMapper;
using MediatR;
using Microsoft.AspNetCore.Mvc;
using NSwag.Annotations;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Application.Audit;
using RateLimiter.Domain;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Api.Audit;

/// <summary>Who changed what: policies, keys, and the client itself.</summary>
[ApiController]
[Tags("Audit")]
public sealed class AuditController(IMediator mediator, IMapper mapper) : ControllerBase
{
    private const int MaxPage = 1000;

    /// <summary>A page of the audit trail, newest first.</summary>
    /// <param name="from">Only entries from this time on, RFC 3339.</param>
    /// <param name="to">Only entries before this time, RFC 3339.</param>
    /// <param name="action">
    /// Only entries with this action: client.registered, client.deleted, key.created, key.rotated, key.deleted,
    /// policy.created, policy.updated, policy.deleted or policy.rolled_back.
    /// </param>
    /// <param name="cursor">The next_cursor of the previous page.</param>
    /// <param name="limit">The maximum number of entries, 1 to 1000.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    [RequiresScope(Scopes.AuditRead)]
    [HttpGet("/audit", Name = "Audit")]
    [ProducesResponseType<AuditResponse>(StatusCodes.Status200OK)]
    public async Task<ActionResult<AuditResponse>> ListAsync(
        [FromQuery(Name = "from")] DateTimeOffset? from,
        [FromQuery(Name = "to")] DateTimeOffset? to,
        [FromQuery(Name = "action"), AuditAction] string? action,
        [FromQuery(Name = "cursor"), AuditCursor] string? cursor,
        [FromQuery(Name = "limit"), Range(1, MaxPage, ErrorMessage = "must be from {1} to {2}")]
            int limit = 100,
        CancellationToken cancellationToken = default
    )
    {
        var page = await mediator.Send(
            new AuditQuery(
                HttpContext.Client().Id,
                Filter(from, to, action),
                cursor is null ? null : AuditCursor.Read(cursor),
                limit
            ),
            cancellationToken
        );
        return new AuditResponse(
            mapper.Map<IReadOnlyList<AuditEntryResponse>>(page.Entries),
            page.Next is { } next ? AuditCursor.Write(next) : null
        );
    }

    /// <summary>The whole audit trail, newest first, one entry per line.</summary>
    /// <remarks>
    /// If the export fails midway, the connection is aborted, so that a truncated body is not mistaken for a complete one.
    /// </remarks>
    /// <param name="from">Only entries from this time on, RFC 3339.</param>
    /// <param name="to">Only entries before this time, RFC 3339.</param>
    /// <param name="action">Only entries with this action, as for GET /audit.</param>
    [RequiresScope(Scopes.AuditRead)]
    [HttpGet("/audit/export", Name = "ExportAudit")]
    [OpenApiOperationProcessor(typeof(LinesBody))]
    [ProducesResponseType<AuditEntryResponse>(StatusCodes.Status200OK)]
    public IActionResult Export(
        [FromQuery(Name = "from")] DateTimeOffset? from,
        [FromQuery(Name = "to")] DateTimeOffset? to,
        [FromQuery(Name = "action"), AuditAction] string? action
    ) =>
        new AuditExportResult(
            PagesAsync(HttpContext.Client().Id, Filter(from, to, action)),
            mapper
        );

    private static AuditFilter Filter(DateTimeOffset? from, DateTimeOffset? to, string? action) =>
        new(from, to, AuditActions.TryParse(action, out var known) ? known : null);

    private async IAsyncEnumerable<AuditPage> PagesAsync(
        ClientId client,
        AuditFilter filter,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        long? before = null;
        do
        {
            var page = await mediator.Send(
                new AuditQuery(client, filter, before, MaxPage),
                cancellationToken
            );
            yield return page;
            before = page.Next;
        } while (before is not null);
    }
}

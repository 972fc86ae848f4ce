using AutoMapper;
using MediatR;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ModelBinding.Validation;
using NSwag.Annotations;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Api.Http.Yaml;
using RateLimiter.Application.Policies;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Api.Policies;

/// <summary>Policies as code: all policies as one document, which can be kept under version control.</summary>
[ApiController]
[Tags("Policies")]
public sealed class PolicyDocumentController(IMediator mediator, IMapper mapper) : ControllerBase
{
    /// <summary>The maximum size of a document, in bytes.</summary>
    private const long MaxDocumentSize = 16 * 1024 * 1024;

    /// <summary>Exports all policies and overrides as one document, policies ordered by route, then role.</summary>
    /// <remarks>
    /// Each policy has the form that POST /policy accepts, each override that of POST /overrides, without ids, and PUT /policy/import accepts the document. It is JSON, or YAML
    /// if requested by format or in <c>Accept</c>. The ETag is that of all policies.
    /// </remarks>
    /// <param name="format">json or yaml; when omitted, <c>Accept</c> decides.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    [RequiresScope(Scopes.PolicyRead)]
    [HttpGet("/policy/export", Name = "ExportPolicies")]
    [OpenApiOperationProcessor(typeof(VersionHeaders))]
    [OpenApiOperationProcessor(typeof(YamlBodies))]
    [ProducesResponseType<PolicySetDocument>(StatusCodes.Status200OK)]
    [ProducesResponseType(StatusCodes.Status304NotModified)]
    public async Task<IActionResult> ExportAsync(
        [FromQuery(Name = "format")] DocumentFormat? format,
        CancellationToken cancellationToken
    )
    {
        var list = await mediator.Send(
            new ListPoliciesQuery(HttpContext.Client().Id),
            cancellationToken
        );
        Response.Headers.Vary = "Accept";
        if (VersionTag.IsCurrent(HttpContext, VersionTag.Set.Of(list.Version)))
        {
            return StatusCode(StatusCodes.Status304NotModified);
        }

        var document = PolicySetDocument.Of(list);
        return (format ?? DocumentFormats.Accepted(Request)) == DocumentFormat.Yaml
            ? File(document.ToYaml(), DocumentFormats.Yaml, "policies.yaml")
            : File(document.ToJson(), DocumentFormats.Json, "policies.json");
    }

    /// <summary>Replaces all policies, and overrides where it has them, by those of a document, atomically.</summary>
    /// <remarks>
    /// Policies that are not in the document are deleted, and so are overrides, if it has the member. A policy that does not change
    /// keeps its version and counters, and an override its id; one is recognised by its subject, match, match_type, route_key, role
    /// and effect. The
    /// document is JSON, or YAML 1.2 without anchors and tags, up to 16 MiB. With the ETag of all policies in
    /// <c>If-Match</c> it changes that version of them only.
    /// </remarks>
    /// <param name="document">The policies and overrides.</param>
    /// <param name="dryRun">Changes nothing, and returns what would change.</param>
    /// <param name="keepOthers">Keeps policies and overrides that are not in the document.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    [RequiresScope(Scopes.PolicyWrite)]
    [HttpPut("/policy/import", Name = "ImportPolicies")]
    [RequestSizeLimit(MaxDocumentSize)]
    [OpenApiOperationProcessor(typeof(VersionHeaders))]
    [OpenApiOperationProcessor(typeof(YamlBodies))]
    [ProducesResponseType<ImportPoliciesResponse>(StatusCodes.Status200OK)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status409Conflict)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status412PreconditionFailed)]
    public async Task<ActionResult<ImportPoliciesResponse>> ImportAsync(
        [FromBody, ValidateNever] PolicySetDocument document,
        [FromQuery(Name = "dry_run")] bool dryRun = false,
        [FromQuery(Name = "keep_others")] bool keepOthers = false,
        CancellationToken cancellationToken = default
    )
    {
        if (document.Validate() is { } errors)
        {
            return ProblemResponse.Validation(HttpContext, errors);
        }

        if (VersionTag.Set.ReadCondition(Request.Headers) is not { } condition)
        {
            return PolicyResults.NoCondition(HttpContext);
        }

        var outcome = await mediator.Send(
            new ImportPoliciesCommand(
                HttpContext.Client().Id,
                document.ToDefinitions(),
                DeleteOthers: !keepOthers,
                dryRun,
                HttpContext.Actor(),
                condition
            )
            {
                Overrides = document.ToOverrides(),
            },
            cancellationToken
        );
        return outcome is PoliciesImported imported
            ? ImportPoliciesResponse.Of(imported, dryRun, mapper)
            : PolicyResults.Refused(HttpContext, outcome);
    }
}
